from tortoise import migrations
from tortoise.migrations import operations as ops
from app.accounts.enums import WeChatApp
from app.bot.enums import PushKind, PushState
from app.core.fields import EncryptedField, UtcDatetimeField
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0030_create_mini_session")]

    operations = [
        ops.CreateModel(
            name="WeChatPush",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "app",
                    fields.CharEnumField(
                        description="mini program or service account", enum_type=WeChatApp, max_length=12
                    ),
                ),
                ("dedupe_key", fields.CharField(unique=True, max_length=64)),
                ("openid", fields.CharField(max_length=64)),
                (
                    "kind",
                    fields.CharEnumField(description="what it wants", enum_type=PushKind, max_length=16),
                ),
                ("payload", EncryptedField(unique=False)),
                ("reply", EncryptedField(null=True, unique=False)),
                (
                    "state",
                    fields.CharEnumField(description="where it is", enum_type=PushState, max_length=12),
                ),
                ("attempts", fields.IntField(default=0)),
                ("next_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("happened_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("received_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("applied_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wechat_push",
                "app": "app",
                "indexes": [Index(fields=["state", "next_at"]), Index(fields=["openid", "happened_at"])],
                "pk_attr": "id",
                "table_description": "One push from WeChat, its unique key makes the three retries of a push one row.",
            },
            bases=["Model"],
        ),
    ]
