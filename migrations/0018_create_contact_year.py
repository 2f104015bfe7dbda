from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0017_create_contact")]

    operations = [
        ops.CreateModel(
            name="ContactYear",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "pairing",
                    fields.ForeignKeyField(
                        "app.Pairing",
                        source_field="pairing_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="contact_years",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("year", fields.SmallIntField()),
                ("contacts", fields.IntField(default=0)),
                ("visits", fields.IntField(default=0)),
                ("attempts", fields.IntField(default=0)),
                ("last_reached_on", fields.DateField(null=True)),
            ],
            options={
                "table": "contact_year",
                "app": "app",
                "unique_together": (("pairing", "year"),),
                "pk_attr": "id",
                "table_description": "Counters of one pairing in one calendar year, kept in the transaction of each contact.",
            },
            bases=["Model"],
        ),
    ]
