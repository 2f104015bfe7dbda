from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0006_create_guardian")]

    operations = [
        ops.CreateModel(
            name="BindingCode",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "guardian",
                    fields.ForeignKeyField(
                        "app.Guardian",
                        source_field="guardian_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="binding_codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("created_by", fields.BigIntField()),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "binding_code",
                "app": "app",
                "pk_attr": "id",
                "table_description": "A one-time code (scene) that binds whoever scans it to one guardian.",
            },
            bases=["Model"],
        ),
    ]
