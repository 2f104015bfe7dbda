from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0079_remove_turns_index_without_channel")]

    initial = False

    operations = [
        ops.CreateModel(
            name="StaffGrant",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("staff_id", fields.BigIntField(db_index=True)),
                ("org_code", fields.CharField(db_index=True, max_length=6)),
                ("role", fields.CharField(max_length=32)),
                ("granted_by", fields.BigIntField(null=True)),
                ("granted_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_on", fields.DateField()),
                ("confirmed_on", fields.DateField()),
                ("confirmed_by", fields.BigIntField(null=True)),
                ("revoked_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_by", fields.BigIntField(null=True)),
                ("reason", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "staff_grant",
                "app": "app",
                "pk_attr": "id",
                "table_description": "A role granted to a member of staff for one federation, until a day. Taken back, it stays as a row.",
            },
            bases=["Model"],
        ),
    ]
