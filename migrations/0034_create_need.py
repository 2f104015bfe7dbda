from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from app.needs.enums import InquiryKind, InquiryState, NeedAct, NeedDomain, NeedState, OpinionState, Speaker
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0033_add_choice_to_message")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Need",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("beneficiary_id", fields.BigIntField(db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                (
                    "domain",
                    fields.CharEnumField(description="what it is about", enum_type=NeedDomain, max_length=16),
                ),
                (
                    "state",
                    fields.CharEnumField(description="how far it is", enum_type=NeedState, max_length=12),
                ),
                ("text", EncryptedField(null=True, unique=False)),
                ("department", fields.CharField(default="", max_length=40)),
                (
                    "raised_by",
                    fields.CharEnumField(description="who raised it", enum_type=Speaker, max_length=12),
                ),
                ("raiser_id", fields.BigIntField()),
                ("client_id", fields.CharField(max_length=64)),
                ("raised_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("last_step_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "need",
                "app": "app",
                "unique_together": (("raised_by", "raiser_id", "client_id"),),
                "indexes": [Index(fields=["region_code", "state", "last_step_at"])],
                "pk_attr": "id",
                "table_description": "One difficulty of one beneficiary and how far it is, what happened stands in its steps.",
            },
            bases=["Model"],
        ),
    ]
