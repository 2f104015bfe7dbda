from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0072_add_policy_audience_to_campaign")]

    initial = False

    operations = [
        ops.AddField(
            model_name="CadreTerms",
            name="excuse",
            field=fields.CharField(default="", db_default="", max_length=200),
        ),
    ]
