from tortoise import migrations
from tortoise.migrations import operations as ops
from app.audit.enums import ActorKind
from app.core.fields import EncryptedField, UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0038_create_policy")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PersonFact",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("beneficiary_id", fields.BigIntField()),
                ("fact", fields.CharField(max_length=40)),
                ("value", fields.CharField(max_length=120)),
                (
                    "said_by",
                    fields.CharEnumField(description="who said it", enum_type=ActorKind, max_length=12),
                ),
                ("said_by_id", fields.BigIntField(null=True)),
                ("said_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("evidence", EncryptedField(null=True, unique=False)),
            ],
            options={
                "table": "person_fact",
                "app": "app",
                "unique_together": (("beneficiary_id", "fact"),),
                "pk_attr": "id",
                "table_description": "What somebody answered about a beneficiary, the latest answer to each question.",
            },
            bases=["Model"],
        ),
    ]
