from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0052_add_turns_index_to_message")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Message",
            index=Index(fields=["recipient_id", "recipient_kind"]),
        ),
    ]
