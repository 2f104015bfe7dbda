from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from app.needs.enums import InquiryKind, InquiryState, NeedAct, NeedDomain, NeedState, OpinionState, Speaker
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0034_create_need")]

    initial = False

    operations = [
        ops.CreateModel(
            name="NeedStep",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("need_id", fields.BigIntField(db_index=True)),
                ("act", fields.CharEnumField(description="what was done", enum_type=NeedAct, max_length=12)),
                ("speaker", fields.CharEnumField(description="who did it", enum_type=Speaker, max_length=12)),
                ("speaker_id", fields.BigIntField()),
                ("text", EncryptedField(null=True, unique=False)),
                ("department", fields.CharField(default="", max_length=40)),
                ("at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "need_step",
                "app": "app",
                "pk_attr": "id",
                "table_description": "One step in the history of a need, never changed, never removed.",
            },
            bases=["Model"],
        ),
    ]
