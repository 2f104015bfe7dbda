from tortoise import migrations
from tortoise.migrations import operations as ops
from app.accounts.enums import StaffRole
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0023_create_sign_in_tries")]

    operations = [
        ops.CreateModel(
            name="Staff",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("username", fields.CharField(unique=True, max_length=64)),
                ("display_name", fields.CharField(max_length=64)),
                ("password_hash", fields.CharField(max_length=200)),
                ("org_code", fields.CharField(db_index=True, max_length=6)),
                (
                    "role",
                    fields.CharEnumField(
                        description="role in the console", enum_type=StaffRole, max_length=12
                    ),
                ),
                ("is_active", fields.BooleanField(default=True)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff",
                "app": "app",
                "pk_attr": "id",
                "table_description": "A member of a federation's staff who works in the console.",
            },
            bases=["Model"],
        ),
    ]
