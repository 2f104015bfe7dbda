from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0001_create_audit_entry")]

    operations = [
        ops.CreateModel(
            name="AuditHead",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("seq", fields.BigIntField()),
                ("digest", fields.CharField(max_length=64)),
            ],
            options={
                "table": "audit_head",
                "app": "app",
                "pk_attr": "id",
                "table_description": "The end of the chain: one row.",
            },
            bases=["Model"],
        ),
    ]
