from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0011_create_guardianship")]

    operations = [
        ops.CreateModel(
            name="InvariantFinding",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=64)),
                ("subject", fields.CharField(max_length=64)),
                ("org_code", fields.CharField(default="", max_length=6)),
                ("detail", fields.CharField(max_length=200)),
                ("first_seen", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("last_seen", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("resolved_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "invariant_finding",
                "app": "app",
                "unique_together": (("name", "subject"),),
                "indexes": [Index(fields=["resolved_at", "org_code"])],
                "pk_attr": "id",
                "table_description": "Something that must always hold and did not, for one subject. Kept after it was resolved.",
            },
            bases=["Model"],
        ),
    ]
