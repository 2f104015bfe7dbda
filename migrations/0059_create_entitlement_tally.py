from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0058_add_subscribe_template_to_campaign")]

    initial = False

    operations = [
        ops.CreateModel(
            name="EntitlementTally",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                ("policy_key", fields.CharField(max_length=40)),
                ("verdict", fields.CharField(max_length=16)),
                ("step", fields.CharField(max_length=16)),
                ("amount", fields.IntField()),
            ],
            options={
                "table": "entitlement_tally",
                "app": "app",
                "unique_together": (("region_code", "policy_key", "verdict", "step"),),
                "pk_attr": "id",
                "table_description": "How many entitlements of one county stand how, kept in the transaction of each change.",
            },
            bases=["Model"],
        ),
    ]
