from tortoise import migrations
from tortoise.migrations import operations as ops
from app.people.enums import GuardianRelation
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0010_create_beneficiary")]

    operations = [
        ops.CreateModel(
            name="Guardianship",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "guardian",
                    fields.ForeignKeyField(
                        "app.Guardian",
                        source_field="guardian_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="guardianships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "beneficiary",
                    fields.ForeignKeyField(
                        "app.Beneficiary",
                        source_field="beneficiary_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="guardianships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "relation",
                    fields.CharEnumField(
                        description="relation to the beneficiary", enum_type=GuardianRelation, max_length=20
                    ),
                ),
            ],
            options={
                "table": "guardianship",
                "app": "app",
                "unique_together": (("guardian", "beneficiary"),),
                "pk_attr": "id",
                "table_description": "That one guardian looks after one beneficiary.",
            },
            bases=["Model"],
        ),
    ]
