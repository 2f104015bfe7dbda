from tortoise import migrations
from tortoise.migrations import operations as ops
from app.orgs.enums import OrgLevel
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0013_create_message")]

    operations = [
        ops.CreateModel(
            name="Org",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=6)),
                ("name", fields.CharField(max_length=64)),
                (
                    "level",
                    fields.CharEnumField(
                        description="level of the federation", enum_type=OrgLevel, max_length=12
                    ),
                ),
                ("parent_code", fields.CharField(null=True, db_index=True, max_length=6)),
            ],
            options={
                "table": "org",
                "app": "app",
                "pk_attr": "code",
                "table_description": "One federation, its division code tells its place in the tree.",
            },
            bases=["Model"],
        ),
    ]
