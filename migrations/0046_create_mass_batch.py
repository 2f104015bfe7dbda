from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.messaging.enums import BatchState
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0045_create_call_task")]

    initial = False

    operations = [
        ops.CreateModel(
            name="MassBatch",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("campaign_id", fields.BigIntField(db_index=True)),
                ("token", fields.CharField(unique=True, max_length=32)),
                ("text", fields.TextField(unique=False)),
                ("people", fields.IntField()),
                (
                    "state",
                    fields.CharEnumField(description="where it is", enum_type=BatchState, max_length=12),
                ),
                ("tries", fields.IntField(default=0)),
                ("first_tried_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("lease_until_ms", fields.BigIntField(null=True)),
                ("errcode", fields.IntField(null=True)),
                ("wechat_msgid", fields.CharField(null=True, db_index=True, max_length=32)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("result", fields.CharField(default="", max_length=32)),
                ("reached", fields.IntField(null=True)),
                ("not_reached", fields.IntField(null=True)),
                ("left_out", fields.IntField(null=True)),
                ("finished_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mass_batch",
                "app": "app",
                "indexes": [Index(fields=["state", "next_at"])],
                "pk_attr": "id",
                "table_description": "One mass message, its recipients are the messages that carry its token.",
            },
            bases=["Model"],
        ),
    ]
