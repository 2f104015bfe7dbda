from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0022_create_send_tally")]

    operations = [
        ops.CreateModel(
            name="SignInTries",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("tries", fields.IntField()),
                ("forgotten_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sign_in_tries",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Sign-ins of late under one name from one place, counted before a password is looked at.",
            },
            bases=["Model"],
        ),
    ]
