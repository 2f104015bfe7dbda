from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.pairing.enums import EndReason
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0015_create_outcome_change")]

    operations = [
        ops.CreateModel(
            name="Pairing",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                (
                    "beneficiary",
                    fields.ForeignKeyField(
                        "app.Beneficiary",
                        source_field="beneficiary_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="pairings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "cadre",
                    fields.ForeignKeyField(
                        "app.Cadre",
                        source_field="cadre_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="pairings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("started_on", fields.DateField()),
                ("ended_on", fields.DateField(null=True)),
                (
                    "end_reason",
                    fields.CharEnumField(
                        null=True, description="why it ended", enum_type=EndReason, max_length=24
                    ),
                ),
                ("open_beneficiary_id", fields.BigIntField(null=True, unique=True)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairing",
                "app": "app",
                "indexes": [Index(fields=["cadre_id", "ended_on"]), Index(fields=["region_code", "id"])],
                "pk_attr": "id",
                "table_description": "One cadre accompanies one beneficiary during [started_on, ended_on).",
            },
            bases=["Model"],
        ),
    ]
