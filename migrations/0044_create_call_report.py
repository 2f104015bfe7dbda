from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.messaging.enums import CallOutcome
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0043_create_entitlement_round")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CallReport",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("message_id", fields.BigIntField()),
                ("cadre_id", fields.BigIntField()),
                ("client_id", fields.CharField(max_length=64)),
                (
                    "outcome",
                    fields.CharEnumField(description="what came of it", enum_type=CallOutcome, max_length=12),
                ),
                ("reported_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "call_report",
                "app": "app",
                "unique_together": (("message_id", "client_id"),),
                "pk_attr": "id",
                "table_description": "What a cadre told about one call that he was asked to make, his phone chooses the client id.",
            },
            bases=["Model"],
        ),
    ]
