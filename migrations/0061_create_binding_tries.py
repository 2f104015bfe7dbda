from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0060_create_binding_pin")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BindingTries",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("tries", fields.IntField()),
                ("forgotten_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "binding_tries",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Six digits typed of late by one follower, and wrong ones by all together. The digest tells neither.",
            },
            bases=["Model"],
        ),
    ]
