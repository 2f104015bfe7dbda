from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0075_create_handover")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PairingCare",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("beneficiary_id", fields.BigIntField(unique=True)),
                ("customs", EncryptedField(null=True, unique=False)),
                ("cautions", EncryptedField(null=True, unique=False)),
                ("updated_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairing_care",
                "app": "app",
                "pk_attr": "id",
                "table_description": "What whoever visits a family has to know: its customs and taboos, and what not to do.",
            },
            bases=["Model"],
        ),
    ]
