from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0005_create_campaign")]

    operations = [
        ops.CreateModel(
            name="Guardian",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("region_code", fields.CharField(db_index=True, max_length=6)),
                ("name", fields.CharField(max_length=40)),
                ("phone", EncryptedField(null=True, unique=False)),
                ("phone_index", fields.CharField(null=True, db_index=True, max_length=64)),
                ("muted_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "guardian",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Who looks after one or several beneficiaries and hears for them.",
            },
            bases=["Model"],
        ),
    ]
