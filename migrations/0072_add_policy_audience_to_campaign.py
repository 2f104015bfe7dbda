from tortoise import migrations
from tortoise.migrations import operations as ops
from app.campaigns.enums import PolicyAudience
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0071_add_policy_key_to_campaign")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Campaign",
            name="policy_audience",
            field=fields.CharEnumField(
                default=PolicyAudience.GAP,
                description="who of those",
                db_default="gap",
                enum_type=PolicyAudience,
                max_length=12,
            ),
        ),
    ]
