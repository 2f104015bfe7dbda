from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0032_create_worker_heartbeat")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Message",
            name="choice",
            field=fields.CharField(default="", db_default="", max_length=200),
        ),
    ]
