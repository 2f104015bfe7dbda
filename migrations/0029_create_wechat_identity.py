from tortoise import migrations
from tortoise.migrations import operations as ops
from app.accounts.enums import WeChatApp
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0028_create_trial_cadre")]

    operations = [
        ops.CreateModel(
            name="WeChatIdentity",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "app",
                    fields.CharEnumField(
                        description="mini program or service account", enum_type=WeChatApp, max_length=12
                    ),
                ),
                ("openid", fields.CharField(max_length=64)),
                ("unionid", fields.CharField(null=True, db_index=True, max_length=64)),
                ("cadre_id", fields.BigIntField(null=True, db_index=True)),
                ("guardian_id", fields.BigIntField(null=True, db_index=True)),
                ("follows", fields.BooleanField(default=False)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wechat_identity",
                "app": "app",
                "unique_together": (("app", "openid"),),
                "pk_attr": "id",
                "table_description": "One openid in one of our WeChat accounts, and whom it belongs to.",
            },
            bases=["Model"],
        ),
    ]
