from tortoise import migrations
from tortoise.migrations import operations as ops
from app.audit.enums import ActorKind
from app.core.fields import EncryptedField, UtcDatetimeField
from app.policies.enums import Step
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0039_create_person_fact")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PolicyStep",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("beneficiary_id", fields.BigIntField()),
                ("policy_key", fields.CharField(max_length=40)),
                (
                    "step",
                    fields.CharEnumField(description="what was found out", enum_type=Step, max_length=16),
                ),
                ("reason", EncryptedField(null=True, unique=False)),
                (
                    "said_by",
                    fields.CharEnumField(description="who said it", enum_type=ActorKind, max_length=12),
                ),
                ("said_by_id", fields.BigIntField(null=True)),
                ("said_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "policy_step",
                "app": "app",
                "unique_together": (("beneficiary_id", "policy_key"),),
                "pk_attr": "id",
                "table_description": "What was found out about a beneficiary and a policy: applied, received, refused, not applicable.",
            },
            bases=["Model"],
        ),
    ]
