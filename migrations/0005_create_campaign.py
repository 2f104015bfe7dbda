from tortoise import migrations
from tortoise.migrations import operations as ops
from app.campaigns.enums import CampaignKind, CampaignPhase, CampaignState
from app.core.fields import UtcDatetimeField
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0004_create_cadre")]

    operations = [
        ops.CreateModel(
            name="Campaign",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "kind",
                    fields.CharEnumField(description="what it does", enum_type=CampaignKind, max_length=24),
                ),
                ("org_code", fields.CharField(db_index=True, max_length=6)),
                ("region_prefix", fields.CharField(max_length=6)),
                ("title", fields.CharField(max_length=60)),
                ("text", fields.CharField(default="", max_length=500)),
                ("festival", fields.CharField(default="", max_length=80)),
                ("festival_on", fields.DateField(null=True)),
                ("template_id", fields.CharField(max_length=64)),
                ("urgent", fields.BooleanField(default=False)),
                ("canary", fields.BooleanField(default=False)),
                (
                    "phase",
                    fields.CharEnumField(
                        default=CampaignPhase.ALL,
                        description="whom it may write to by now",
                        enum_type=CampaignPhase,
                        max_length=12,
                    ),
                ),
                ("spread_minutes", fields.IntField(default=0)),
                ("send_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="what was decided about it", enum_type=CampaignState, max_length=12
                    ),
                ),
                ("author_id", fields.BigIntField()),
                ("approver_id", fields.BigIntField(null=True)),
                ("content_hash", fields.CharField(default="", max_length=64)),
                ("slot", fields.CharField(null=True, unique=True, max_length=64)),
                ("expanded_to", fields.BigIntField(default=0)),
                ("expanded_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("opened_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("watched_from", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("planned", fields.IntField(default=0)),
                ("pause_reason", fields.CharField(default="", max_length=100)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "campaign",
                "app": "app",
                "indexes": [Index(fields=["state", "send_at"])],
                "pk_attr": "id",
                "table_description": "One message to many in one region.",
            },
            bases=["Model"],
        ),
    ]
