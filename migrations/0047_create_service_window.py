from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.messaging.enums import WindowAct
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0046_create_mass_batch")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ServiceWindow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("openid", fields.CharField(max_length=64)),
                ("act", fields.CharEnumField(description="what he did", enum_type=WindowAct, max_length=12)),
                ("remaining", fields.IntField()),
                ("opened_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "service_window",
                "app": "app",
                "unique_together": (("openid", "act"),),
                "pk_attr": "id",
                "table_description": "How many customer-service messages somebody still allows by one thing he did, and until when.",
            },
            bases=["Model"],
        ),
    ]
