from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0020_create_roster_row")]

    operations = [
        ops.CreateModel(
            name="ScheduleSlot",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("job_name", fields.CharField(max_length=64)),
                ("slot", fields.CharField(max_length=32)),
                ("taken_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("outcome", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "schedule_slot",
                "app": "app",
                "unique_together": (("job_name", "slot"),),
                "pk_attr": "id",
                "table_description": "One run of one scheduled job. The unique slot makes a doubled tick do nothing.",
            },
            bases=["Model"],
        ),
    ]
