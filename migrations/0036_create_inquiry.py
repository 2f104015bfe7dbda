from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from app.needs.enums import InquiryKind, InquiryState, NeedAct, NeedDomain, NeedState, OpinionState, Speaker
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0035_create_need_step")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Inquiry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("guardian_id", fields.BigIntField(db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                (
                    "kind",
                    fields.CharEnumField(description="what it is", enum_type=InquiryKind, max_length=12),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="whether somebody answered", enum_type=InquiryState, max_length=12
                    ),
                ),
                ("text", EncryptedField(null=True, unique=False)),
                ("evidence", fields.CharField(unique=True, max_length=80)),
                ("asked_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("answer", EncryptedField(null=True, unique=False)),
                (
                    "answered_by",
                    fields.CharEnumField(
                        null=True, description="who answered", enum_type=Speaker, max_length=12
                    ),
                ),
                ("answerer_id", fields.BigIntField(null=True)),
                ("answered_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "inquiry",
                "app": "app",
                "indexes": [Index(fields=["region_code", "state", "asked_at"])],
                "pk_attr": "id",
                "table_description": "What a guardian wrote to the service account that a person has to answer.",
            },
            bases=["Model"],
        ),
    ]
