from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0041_create_entitlement")]

    initial = False

    operations = [
        ops.CreateModel(
            name="EntitlementCheck",
            fields=[
                (
                    "beneficiary_id",
                    fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("outcome", fields.CharField(default="", max_length=32)),
                ("seen_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("questions", fields.CharField(default="", max_length=100)),
                ("turns_age", fields.SmallIntField(null=True)),
                ("turns_on", fields.DateField(null=True)),
                ("judged_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "entitlement_check",
                "app": "app",
                "pk_attr": "beneficiary_id",
                "table_description": "When a beneficiary was last judged by the policies, and what to ask next, the row locks the person.",
            },
            bases=["Model"],
        ),
    ]
