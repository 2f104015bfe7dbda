from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.pairing.enums import PairingNews
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0076_create_pairing_care")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PairingNotice",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("cadre_id", fields.BigIntField()),
                ("beneficiary_id", fields.BigIntField()),
                (
                    "news",
                    fields.CharEnumField(description="what he is told", enum_type=PairingNews, max_length=20),
                ),
                ("on_day", fields.DateField()),
                ("at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairing_notice",
                "app": "app",
                "indexes": [Index(fields=["cadre_id", "id"])],
                "pk_attr": "id",
                "table_description": "One thing that a cadre is told about one of his families, shown in the mini program.",
            },
            bases=["Model"],
        ),
    ]
