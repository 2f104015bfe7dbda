from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0021_create_schedule_slot")]

    operations = [
        ops.CreateModel(
            name="SendTally",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("minute", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("outcome", fields.CharField(max_length=12)),
                ("amount", fields.IntField(default=0)),
            ],
            options={
                "table": "send_tally",
                "app": "app",
                "unique_together": (("minute", "outcome"),),
                "pk_attr": "id",
                "table_description": "How many tries of one minute came to one end, for the numbers of the last hour.",
            },
            bases=["Model"],
        ),
    ]
