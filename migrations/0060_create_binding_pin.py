from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0059_create_entitlement_tally")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BindingPin",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("guardian_id", fields.BigIntField(db_index=True)),
                ("expires_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("used_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "binding_pin",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Six digits that a cadre reads out and a guardian types, told by a keyed digest only.",
            },
            bases=["Model"],
        ),
    ]
