from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.policies.enums import Verdict
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0040_create_policy_step")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Entitlement",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("beneficiary_id", fields.BigIntField()),
                ("policy_key", fields.CharField(max_length=40)),
                ("policy_id", fields.BigIntField()),
                ("region_code", fields.CharField(max_length=6)),
                (
                    "verdict",
                    fields.CharEnumField(description="what it means", enum_type=Verdict, max_length=16),
                ),
                ("step", fields.CharField(default="", max_length=16)),
                ("missing", fields.CharField(default="", max_length=300)),
                ("because", fields.CharField(default="", max_length=300)),
                ("rival", fields.CharField(default="", max_length=40)),
                ("computed_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "entitlement",
                "app": "app",
                "unique_together": (("beneficiary_id", "policy_key"),),
                "indexes": [Index(fields=["region_code", "policy_key", "verdict", "step", "id"])],
                "pk_attr": "id",
                "table_description": "What a policy means for a beneficiary, only where something is to be said, advice until confirmed.",
            },
            bases=["Model"],
        ),
    ]
