from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0055_remove_sent_index_of_message")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Campaign",
            name="call_tasks",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
