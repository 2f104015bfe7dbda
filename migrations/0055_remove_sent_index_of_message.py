from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("app", "0054_remove_due_index_of_message")]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name="Message",
            name=None,
            fields=["recipient_kind", "recipient_id", "sent_at"],
        ),
    ]
