from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.policies.enums import Access, Confidence, PolicyState
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0037_create_opinion")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Policy",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("policy_key", fields.CharField(max_length=40)),
                ("org_code", fields.CharField(max_length=6)),
                ("version", fields.IntField()),
                ("region_prefix", fields.CharField(max_length=6)),
                ("name", fields.CharField(max_length=60)),
                ("department", fields.CharField(default="", max_length=20)),
                (
                    "access",
                    fields.CharEnumField(
                        description="whether it must be applied for", enum_type=Access, max_length=12
                    ),
                ),
                ("summary", fields.CharField(default="", max_length=300)),
                ("body", fields.TextField(default="", unique=False)),
                ("rules", fields.TextField(unique=False)),
                ("proofs", fields.TextField(default="[]", unique=False)),
                ("apply_at", fields.CharField(default="", max_length=200)),
                ("source", fields.CharField(max_length=300)),
                ("source_url", fields.CharField(default="", max_length=300)),
                ("checked_on", fields.DateField()),
                (
                    "confidence",
                    fields.CharEnumField(
                        description="how sure the source is", enum_type=Confidence, max_length=12
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="where this version stands", enum_type=PolicyState, max_length=12
                    ),
                ),
                ("valid_from", fields.DateField()),
                ("author_id", fields.BigIntField(null=True)),
                ("publisher_id", fields.BigIntField(null=True)),
                ("content_hash", fields.CharField(default="", max_length=64)),
                ("withdrawal_reason", fields.CharField(default="", max_length=200)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("published_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("withdrawn_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "policy",
                "app": "app",
                "unique_together": (("policy_key", "org_code", "version"),),
                "indexes": [Index(fields=["org_code", "id"]), Index(fields=["state", "valid_from"])],
                "pk_attr": "id",
                "table_description": "One version of a policy of one federation, a published one is never changed.",
            },
            bases=["Model"],
        ),
    ]
