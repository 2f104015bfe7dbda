from tortoise import migrations
from tortoise.migrations import operations as ops
from app.contacts.enums import ContactChannel, ContactKind, ContactOutcome
from app.core.fields import EncryptedField, UtcDatetimeField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0016_create_pairing")]

    operations = [
        ops.CreateModel(
            name="Contact",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("cadre_id", fields.BigIntField()),
                ("client_id", fields.CharField(max_length=64)),
                ("content_hash", fields.CharField(max_length=64)),
                (
                    "pairing",
                    fields.ForeignKeyField(
                        "app.Pairing",
                        source_field="pairing_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="contacts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("beneficiary_id", fields.BigIntField()),
                ("region_code", fields.CharField(max_length=6)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="contact or visit", enum_type=ContactKind, max_length=12
                    ),
                ),
                (
                    "channel",
                    fields.CharEnumField(
                        null=True, description="by which means", enum_type=ContactChannel, max_length=12
                    ),
                ),
                (
                    "outcome",
                    fields.CharEnumField(
                        description="whom the cadre reached", enum_type=ContactOutcome, max_length=20
                    ),
                ),
                ("occurred_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("occurred_on", fields.DateField()),
                ("recorded_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("is_late", fields.BooleanField(default=False)),
                ("note", EncryptedField(null=True, unique=False)),
                ("undone_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "contact",
                "app": "app",
                "unique_together": (("cadre_id", "client_id"),),
                "indexes": [
                    Index(fields=["pairing_id", "occurred_on"]),
                    Index(fields=["region_code", "occurred_on"]),
                ],
                "pk_attr": "id",
                "table_description": "One contact, visit or attempt, attributed to the pairing in force on its day in Shanghai.",
            },
            bases=["Model"],
        ),
    ]
