from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.people.enums import Sex
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0069_create_pairing_proposal_pair")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PairingWish",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("beneficiary_id", fields.BigIntField(unique=True)),
                (
                    "cadre_sex",
                    fields.CharEnumField(
                        null=True, description="a woman or a man", enum_type=Sex, max_length=8
                    ),
                ),
                ("language", fields.CharField(default="", max_length=20)),
                ("updated_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairing_wish",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Whom a family wishes for (官方方案 四(四): 充分尊重意愿).",
            },
            bases=["Model"],
        ),
    ]
