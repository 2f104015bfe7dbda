from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0050_add_counted_on_to_message")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Message",
            name="org_code",
            field=fields.CharField(default="", db_default="", max_length=6),
        ),
    ]
