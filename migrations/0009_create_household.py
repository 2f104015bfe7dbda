from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0008_create_consent")]

    operations = [
        ops.CreateModel(
            name="Household",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("region_code", fields.CharField(db_index=True, max_length=6)),
                ("code", fields.CharField(max_length=40)),
            ],
            options={
                "table": "household",
                "app": "app",
                "unique_together": (("region_code", "code"),),
                "pk_attr": "id",
                "table_description": "One family in hardship, several beneficiaries of one household are 一户多残.",
            },
            bases=["Model"],
        ),
    ]
