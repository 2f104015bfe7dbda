from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.rosters.enums import RosterKind, RosterState
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0018_create_contact_year")]

    operations = [
        ops.CreateModel(
            name="RosterImport",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="what the file lists", enum_type=RosterKind, max_length=16
                    ),
                ),
                ("org_code", fields.CharField(max_length=6)),
                ("filename", fields.CharField(max_length=120)),
                (
                    "state",
                    fields.CharEnumField(
                        description="where the upload is", enum_type=RosterState, max_length=12
                    ),
                ),
                ("uploaded_by", fields.BigIntField()),
                ("uploaded_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("row_count", fields.IntField(default=0)),
                ("applied_by", fields.BigIntField(null=True)),
                ("applied_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "roster_import",
                "app": "app",
                "indexes": [Index(fields=["org_code", "id"])],
                "pk_attr": "id",
                "table_description": "One uploaded file.",
            },
            bases=["Model"],
        ),
    ]
