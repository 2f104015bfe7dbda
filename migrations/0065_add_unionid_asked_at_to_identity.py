from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField


class Migration(migrations.Migration):
    dependencies = [("app", "0064_add_told_at_to_inquiry")]

    initial = False

    operations = [
        ops.AddField(
            model_name="WeChatIdentity",
            name="unionid_asked_at",
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
