from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from app.people.enums import CadreRank, CadreStatus
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0003_create_automatic_festival")]

    operations = [
        ops.CreateModel(
            name="Cadre",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("org_code", fields.CharField(max_length=6)),
                ("unit", fields.CharField(default="", max_length=60)),
                ("post", fields.CharField(default="", max_length=60)),
                (
                    "rank",
                    fields.CharEnumField(
                        description="rank, decides who takes part", enum_type=CadreRank, max_length=12
                    ),
                ),
                ("name", fields.CharField(max_length=40)),
                ("phone", EncryptedField(unique=False)),
                ("phone_index", fields.CharField(unique=True, max_length=64)),
                (
                    "status",
                    fields.CharEnumField(
                        description="in office or not", enum_type=CadreStatus, max_length=12
                    ),
                ),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "cadre",
                "app": "app",
                "indexes": [Index(fields=["org_code", "id"])],
                "pk_attr": "id",
                "table_description": "A cadre of a federation who keeps contact with families.",
            },
            bases=["Model"],
        ),
    ]
