from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0083_create_rotation")]

    initial = False

    operations = [
        ops.CreateModel(
            name="StayWish",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("pairing_id", fields.BigIntField(unique=True)),
                ("cadre_stays", fields.BooleanField(null=True)),
                ("cadre_said_on", fields.DateField(null=True)),
                ("family_stays", fields.BooleanField(null=True)),
                ("family_said_on", fields.DateField(null=True)),
            ],
            options={
                "table": "pairing_stay_wish",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Whether a family and its cadre wish that their pairing goes on when two years are over.",
            },
            bases=["Model"],
        ),
    ]
