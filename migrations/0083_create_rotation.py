from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.pairing.enums import RotationState
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0082_remove_role_of_staff")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Rotation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                ("pairing_id", fields.BigIntField(db_index=True)),
                ("open_pairing_id", fields.BigIntField(null=True, unique=True)),
                ("beneficiary_id", fields.BigIntField()),
                ("cadre_id", fields.BigIntField()),
                ("changes_on", fields.DateField()),
                (
                    "state",
                    fields.CharEnumField(description="how far it is", enum_type=RotationState, max_length=12),
                ),
                ("to_cadre_id", fields.BigIntField(null=True)),
                ("handover_id", fields.BigIntField(null=True, unique=True)),
                ("note", fields.CharField(default="", max_length=200)),
                ("family_told_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("planned_by", fields.BigIntField(null=True)),
                ("planned_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rotation",
                "app": "app",
                "indexes": [
                    Index(fields=["region_code", "changes_on"]),
                    Index(fields=["state", "changes_on"]),
                ],
                "pk_attr": "id",
                "table_description": "One round of one pairing, when it is to pass on, to whom, and what became of it.",
            },
            bases=["Model"],
        ),
    ]
