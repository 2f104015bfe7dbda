from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0042_create_entitlement_check")]

    initial = False

    operations = [
        ops.CreateModel(
            name="EntitlementRound",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("is_whole", fields.BooleanField()),
                ("library", fields.CharField(max_length=32)),
                ("day", fields.DateField()),
                ("position", fields.BigIntField(default=0)),
                ("people", fields.IntField(default=0)),
                ("changed", fields.IntField(default=0)),
                ("started_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("touched_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "entitlement_round",
                "app": "app",
                "pk_attr": "id",
                "table_description": "One walk through the register, a stretch at a time, its numbers are the progress.",
            },
            bases=["Model"],
        ),
    ]
