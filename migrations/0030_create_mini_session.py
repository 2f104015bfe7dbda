from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0029_create_wechat_identity")]

    operations = [
        ops.CreateModel(
            name="MiniSession",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "identity",
                    fields.ForeignKeyField(
                        "app.WeChatIdentity",
                        source_field="identity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mini_session",
                "app": "app",
                "pk_attr": "id",
                "table_description": "One signed-in phone.",
            },
            bases=["Model"],
        ),
    ]
