from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("app", "0078_add_channel_to_turns_index")]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name="Message",
            name=None,
            fields=["state", "urgent", "org_code", "next_at"],
        ),
    ]
