from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0012_create_invariant_finding")]

    operations = [
        ops.CreateModel(
            name="Message",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("dedup_key", fields.CharField(unique=True, max_length=100)),
                (
                    "purpose",
                    fields.CharEnumField(description="what it is for", enum_type=Purpose, max_length=24),
                ),
                (
                    "channel",
                    fields.CharEnumField(description="how it travels", enum_type=Channel, max_length=24),
                ),
                ("campaign_id", fields.BigIntField(null=True)),
                (
                    "recipient_kind",
                    fields.CharEnumField(description="who receives", enum_type=RecipientKind, max_length=12),
                ),
                ("recipient_id", fields.BigIntField()),
                ("region_code", fields.CharField(max_length=6)),
                ("openid", fields.CharField(null=True, max_length=64)),
                ("template_id", fields.CharField(max_length=64)),
                ("consent", fields.CharField(default="", max_length=40)),
                ("subject_id", fields.BigIntField(null=True)),
                ("subject_count", fields.IntField(default=0)),
                ("urgent", fields.BooleanField(default=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="where it is in its life", enum_type=MessageState, max_length=12
                    ),
                ),
                (
                    "reason",
                    fields.CharEnumField(
                        null=True, description="why not sent, or failed", enum_type=Reason, max_length=24
                    ),
                ),
                ("next_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("begun", fields.BooleanField(default=False)),
                ("lease_token", fields.CharField(null=True, max_length=32)),
                ("lease_until_ms", fields.BigIntField(null=True)),
                ("attempts", fields.IntField(default=0)),
                ("first_tried_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("charged", fields.BooleanField(default=False)),
                ("wechat_msgid", fields.CharField(null=True, db_index=True, max_length=32)),
                ("errcode", fields.IntField(null=True)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("sent_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("settled_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "message",
                "app": "app",
                "indexes": [
                    Index(fields=["state", "urgent", "next_at"]),
                    Index(fields=["campaign_id", "state", "reason"]),
                    Index(fields=["recipient_kind", "recipient_id", "sent_at"]),
                ],
                "pk_attr": "id",
                "table_description": "One recipient, one channel, one purpose.",
            },
            bases=["Model"],
        ),
    ]
