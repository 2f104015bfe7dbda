from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0062_create_bot_dialogue")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Inquiry",
            name="message_id",
            field=fields.BigIntField(null=True),
        ),
    ]
