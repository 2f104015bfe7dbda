from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0057_add_sms_template_to_campaign")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Campaign",
            name="subscribe_template_id",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
    ]
