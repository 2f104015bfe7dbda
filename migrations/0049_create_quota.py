from tortoise import migrations
from tortoise.migrations import operations as ops
from app.messaging.enums import Channel
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0048_create_person_ledger")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Quota",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("period", fields.CharField(max_length=10)),
                (
                    "channel",
                    fields.CharEnumField(description="how it travels", enum_type=Channel, max_length=24),
                ),
                ("subject", fields.CharField(max_length=64)),
                ("allowed", fields.IntField()),
                ("used", fields.IntField(default=0)),
                ("closed", fields.BooleanField(default=False)),
            ],
            options={
                "table": "quota",
                "app": "app",
                "unique_together": (("period", "channel", "subject"),),
                "pk_attr": "id",
                "table_description": "How much of what WeChat allows us in one period is used, by those on their way and those that left.",
            },
            bases=["Model"],
        ),
    ]
