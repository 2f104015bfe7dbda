from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("app", "0053_add_recipient_index_to_message")]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name="Message",
            name=None,
            fields=["state", "urgent", "next_at"],
        ),
    ]
