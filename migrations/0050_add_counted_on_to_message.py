from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0049_create_quota")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Message",
            name="counted_on",
            field=fields.DateField(null=True),
        ),
    ]
