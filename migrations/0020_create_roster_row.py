from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField
from app.rosters.enums import RowVerdict
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0019_create_roster_import")]

    operations = [
        ops.CreateModel(
            name="RosterRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "roster",
                    fields.ForeignKeyField(
                        "app.RosterImport",
                        source_field="roster_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rows",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("sheet_row", fields.IntField()),
                (
                    "verdict",
                    fields.CharEnumField(
                        description="what applying it would do", enum_type=RowVerdict, max_length=12
                    ),
                ),
                ("target_id", fields.BigIntField(null=True)),
                ("seen", fields.CharField(default="", max_length=64)),
                ("cells", EncryptedField(unique=False)),
                ("problems", fields.TextField(default="[]", unique=False)),
            ],
            options={
                "table": "roster_row",
                "app": "app",
                "unique_together": (("roster", "sheet_row"),),
                "indexes": [Index(fields=["roster_id", "verdict", "sheet_row"])],
                "pk_attr": "id",
                "table_description": "One judged row. Its cells are personal data and sealed as one JSON text.",
            },
            bases=["Model"],
        ),
    ]
