from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0047_create_service_window")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PersonLedger",
            fields=[
                ("person", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("entries", fields.CharField(max_length=4000)),
                ("newest_on", fields.DateField()),
            ],
            options={
                "table": "person_ledger",
                "app": "app",
                "pk_attr": "person",
                "table_description": "What one person was sent of late, as entries of a day, a message and a digest of its words.",
            },
            bases=["Model"],
        ),
    ]
