from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0025_create_staff_session")]

    operations = [
        ops.CreateModel(
            name="SubscriptionCredit",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("openid", fields.CharField(max_length=64)),
                ("template_id", fields.CharField(max_length=64)),
                ("remaining", fields.IntField(default=0)),
                ("granted", fields.IntField(default=0)),
                ("last_answer", fields.CharField(default="", max_length=12)),
                ("updated_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "subscription_credit",
                "app": "app",
                "unique_together": (("openid", "template_id"),),
                "pk_attr": "id",
                "table_description": "How many subscribe messages one person still accepts of one template, WeChat has no API to ask.",
            },
            bases=["Model"],
        ),
    ]
