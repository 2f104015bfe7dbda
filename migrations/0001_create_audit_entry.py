from tortoise import migrations
from tortoise.migrations import operations as ops
from app.audit.enums import ActorKind
from app.core.fields import UtcDatetimeField
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "actor_kind",
                    fields.CharEnumField(description="who acted", enum_type=ActorKind, max_length=12),
                ),
                ("actor_id", fields.BigIntField(null=True)),
                ("action", fields.CharField(max_length=64)),
                ("object_kind", fields.CharField(max_length=32)),
                ("object_id", fields.CharField(max_length=64)),
                ("region_code", fields.CharField(default="", max_length=6)),
                ("detail", fields.CharField(default="", max_length=500)),
                ("seq", fields.BigIntField(null=True, unique=True)),
                ("digest", fields.CharField(null=True, max_length=64)),
            ],
            options={
                "table": "audit_entry",
                "app": "app",
                "indexes": [Index(fields=["object_kind", "object_id"])],
                "pk_attr": "id",
                "table_description": "One deed. `seq` and `digest` are written later by the sealer and make every change visible.",
            },
            bases=["Model"],
        ),
    ]
