from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0044_create_call_report")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CallTask",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("message_id", fields.BigIntField(unique=True)),
                ("ends_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "call_task",
                "app": "app",
                "pk_attr": "id",
                "table_description": "A call that waits for the cadre of a family, until it would come too late.",
            },
            bases=["Model"],
        ),
    ]
