from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0026_create_subscription_credit")]

    operations = [
        ops.CreateModel(
            name="SweepTurn",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("taken_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("position", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "sweep_turn",
                "app": "app",
                "pk_attr": "name",
                "table_description": "Where one sweep over rows stands, and when a worker last took its turn.",
            },
            bases=["Model"],
        ),
    ]
