from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0056_add_call_tasks_to_campaign")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Campaign",
            name="sms_template_id",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
    ]
