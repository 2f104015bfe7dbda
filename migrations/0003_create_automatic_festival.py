from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0002_create_audit_head")]

    operations = [
        ops.CreateModel(
            name="AutomaticFestival",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("org_code", fields.CharField(max_length=6)),
                ("festival", fields.CharField(max_length=40)),
                ("template_id", fields.CharField(max_length=64)),
                ("marked_by", fields.BigIntField()),
                ("marked_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("confirmed_by", fields.BigIntField(null=True)),
                ("confirmed_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "automatic_festival",
                "app": "app",
                "unique_together": (("org_code", "festival"),),
                "pk_attr": "id",
                "table_description": "A festival whose reminder a federation wants every year, one admin marks it, another confirms.",
            },
            bases=["Model"],
        ),
    ]
