from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0027_create_sweep_turn")]

    operations = [
        ops.CreateModel(
            name="TrialCadre",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("org_code", fields.CharField(max_length=6)),
                ("cadre_id", fields.BigIntField()),
                ("added_by", fields.BigIntField()),
                ("added_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "trial_cadre",
                "app": "app",
                "unique_together": (("org_code", "cadre_id"),),
                "pk_attr": "id",
                "table_description": "A cadre of the own federation who gets its campaigns first (试发名单).",
            },
            bases=["Model"],
        ),
    ]
