from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.pairing.enums import BarReason
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0066_create_cadre_terms")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PairingBar",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("beneficiary_id", fields.BigIntField()),
                ("cadre_id", fields.BigIntField()),
                (
                    "reason",
                    fields.CharEnumField(
                        description="why they must not be paired", enum_type=BarReason, max_length=16
                    ),
                ),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairing_bar",
                "app": "app",
                "unique_together": (("beneficiary_id", "cadre_id"),),
                "pk_attr": "id",
                "table_description": "That a cadre and a person must not be paired.",
            },
            bases=["Model"],
        ),
    ]
