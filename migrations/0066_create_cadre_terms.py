from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.people.enums import Sex
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0065_add_unionid_asked_at_to_identity")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CadreTerms",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("cadre_id", fields.BigIntField(unique=True)),
                ("work_county", fields.CharField(default="", max_length=6)),
                ("work_town", fields.CharField(default="", max_length=40)),
                ("home_county", fields.CharField(default="", max_length=6)),
                ("home_town", fields.CharField(default="", max_length=40)),
                (
                    "sex",
                    fields.CharEnumField(
                        null=True, description="sex, families may wish for one", enum_type=Sex, max_length=8
                    ),
                ),
                ("languages", fields.CharField(default="[]", max_length=200)),
                ("capacity", fields.SmallIntField(null=True)),
                ("takes_part", fields.BooleanField(null=True)),
                ("updated_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairing_cadre_terms",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Where a cadre works and lives, with how many families, and whether he takes part, as far as known.",
            },
            bases=["Model"],
        ),
    ]
