from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from app.needs.enums import InquiryKind, InquiryState, NeedAct, NeedDomain, NeedState, OpinionState, Speaker
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0036_create_inquiry")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Opinion",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("guardian_id", fields.BigIntField(db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                ("org_code", fields.CharField(max_length=6)),
                (
                    "state",
                    fields.CharEnumField(
                        description="whether somebody answered", enum_type=OpinionState, max_length=12
                    ),
                ),
                ("text", EncryptedField(unique=False)),
                ("evidence", fields.CharField(unique=True, max_length=80)),
                ("given_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("answer", EncryptedField(null=True, unique=False)),
                ("answered_by", fields.BigIntField(null=True)),
                ("answered_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "opinion",
                "app": "app",
                "indexes": [Index(fields=["org_code", "state", "given_at"])],
                "pk_attr": "id",
                "table_description": "What a family thinks of the work of the federation, kept from the cadre and his own federation.",
            },
            bases=["Model"],
        ),
    ]
