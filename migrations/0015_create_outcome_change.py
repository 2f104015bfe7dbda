from tortoise import migrations
from tortoise.migrations import operations as ops
from app.campaigns.enums import OutcomeAct
from app.core.fields import UtcDatetimeField
from app.messaging.enums import MessageState, Reason
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0014_create_org")]

    operations = [
        ops.CreateModel(
            name="OutcomeChange",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("message_id", fields.BigIntField(db_index=True)),
                ("campaign_id", fields.BigIntField()),
                (
                    "act",
                    fields.CharEnumField(description="what was decided", enum_type=OutcomeAct, max_length=12),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="where it was before", enum_type=MessageState, max_length=12
                    ),
                ),
                (
                    "reason",
                    fields.CharEnumField(
                        null=True, description="why, before", enum_type=Reason, max_length=24
                    ),
                ),
                ("errcode", fields.IntField(null=True)),
                ("attempts", fields.IntField(default=0)),
                ("ended_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("note", fields.CharField(default="", max_length=200)),
                ("decided_by", fields.BigIntField()),
                ("decided_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "outcome_change",
                "app": "app",
                "pk_attr": "id",
                "table_description": "What one message had come to before a named admin decided otherwise, and who that was.",
            },
            bases=["Model"],
        ),
    ]
