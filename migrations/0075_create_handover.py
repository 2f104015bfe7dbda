from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from app.pairing.enums import EndReason, HandoverState
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0074_add_leads_unit_to_cadre_terms")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Handover",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                ("beneficiary_id", fields.BigIntField(db_index=True)),
                ("pairing_id", fields.BigIntField(db_index=True)),
                ("new_pairing_id", fields.BigIntField(unique=True)),
                ("from_cadre_id", fields.BigIntField()),
                ("to_cadre_id", fields.BigIntField()),
                ("changes_on", fields.DateField()),
                ("overlap_days", fields.SmallIntField()),
                (
                    "reason",
                    fields.CharEnumField(description="why it passes on", enum_type=EndReason, max_length=24),
                ),
                (
                    "state",
                    fields.CharEnumField(description="how far it is", enum_type=HandoverState, max_length=12),
                ),
                ("planned_by", fields.BigIntField(null=True)),
                ("planned_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("answered_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decline_reason", EncryptedField(null=True, unique=False)),
                ("settled_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "handover",
                "app": "app",
                "indexes": [
                    Index(fields=["from_cadre_id", "changes_on"]),
                    Index(fields=["to_cadre_id", "changes_on"]),
                    Index(fields=["region_code", "state"]),
                ],
                "pk_attr": "id",
                "table_description": "That one pairing passes to another cadre on a day, what the successor says, and who planned it.",
            },
            bases=["Model"],
        ),
    ]
