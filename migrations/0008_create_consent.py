from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0007_create_binding_code")]

    operations = [
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "guardian",
                    fields.ForeignKeyField(
                        "app.Guardian",
                        source_field="guardian_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="consents",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("purpose", fields.CharField(max_length=24)),
                ("channel", fields.CharField(max_length=24)),
                ("text_version", fields.CharField(max_length=16)),
                ("evidence", fields.CharField(max_length=80)),
                ("granted_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("withdrawn_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("withdrawal_evidence", fields.CharField(default="", max_length=80)),
            ],
            options={
                "table": "consent",
                "app": "app",
                "indexes": [Index(fields=["guardian_id", "purpose", "channel"])],
                "pk_attr": "id",
                "table_description": "What a guardian agreed to, in which words, and how we know.",
            },
            bases=["Model"],
        ),
    ]
