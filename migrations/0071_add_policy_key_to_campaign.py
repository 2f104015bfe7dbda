from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0070_create_pairing_wish")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Campaign",
            name="policy_key",
            field=fields.CharField(default="", db_default="", max_length=40),
        ),
    ]
