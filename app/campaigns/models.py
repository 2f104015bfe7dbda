"""Campaigns, and the festivals for which they start by themselves."""

from tortoise import fields
from tortoise.models import Model

from app.campaigns.enums import CampaignKind, CampaignPhase, CampaignState, OutcomeAct, PolicyAudience
from app.core.fields import UtcDatetimeField
from app.messaging.enums import MessageState, Reason


class Campaign(Model):
    """One message to many in one region."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharEnumField(CampaignKind, max_length=24, description="what it does")
    org_code = fields.CharField(max_length=6, db_index=True)
    region_prefix = fields.CharField(max_length=6)
    title = fields.CharField(max_length=60)
    text = fields.CharField(max_length=500, default="")
    # Keys of what falls on that day, joined by "+".
    festival = fields.CharField(max_length=80, default="")
    festival_on = fields.DateField(null=True)
    # Template of the main way; those of the other ways are empty when a way is not used.
    template_id = fields.CharField(max_length=64)
    subscribe_template_id = fields.CharField(max_length=64, default="", db_default="")
    sms_template_id = fields.CharField(max_length=64, default="", db_default="")
    # Whether cadres are asked to call those whom no other way reaches.
    call_tasks = fields.BooleanField(default=False, db_default=False)
    # The policy it is about, empty when it is about none: then everybody of the region is meant.
    policy_key = fields.CharField(max_length=40, default="", db_default="")
    policy_audience = fields.CharEnumField(
        PolicyAudience,
        max_length=12,
        default=PolicyAudience.GAP,
        db_default="gap",
        description="who of those",
    )
    urgent = fields.BooleanField(default=False)
    # Whether a few get it first and somebody looks before everybody does.
    canary = fields.BooleanField(default=False)
    phase = fields.CharEnumField(
        CampaignPhase, max_length=12, default=CampaignPhase.ALL, description="whom it may write to by now"
    )
    # Spread over so many minutes of waking time, 0: as fast as it goes.
    spread_minutes = fields.IntField(default=0)
    send_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    state = fields.CharEnumField(CampaignState, max_length=12, description="what was decided about it")
    author_id = fields.BigIntField()
    approver_id = fields.BigIntField(null=True)
    content_hash = fields.CharField(max_length=64, default="")
    # Set for campaigns that started by themselves: one federation and one festival day happen once.
    slot = fields.CharField(max_length=64, null=True, unique=True)
    expanded_to = fields.BigIntField(default=0)
    expanded_at = UtcDatetimeField(null=True)
    # Since when everybody may be written to.
    opened_at = UtcDatetimeField(null=True)
    # Errors before this moment are forgiven: whoever let it go on knew of them.
    watched_from = UtcDatetimeField(null=True)
    planned = fields.IntField(default=0)
    pause_reason = fields.CharField(max_length=100, default="")
    created_at = UtcDatetimeField()

    class Meta:
        table = "campaign"
        indexes = (("state", "send_at"),)


class AutomaticFestival(Model):
    """A festival whose reminder a federation wants every year, one admin marks it, another confirms."""

    id = fields.BigIntField(primary_key=True)
    org_code = fields.CharField(max_length=6)
    festival = fields.CharField(max_length=40)
    template_id = fields.CharField(max_length=64)
    marked_by = fields.BigIntField()
    marked_at = UtcDatetimeField()
    confirmed_by = fields.BigIntField(null=True)
    confirmed_at = UtcDatetimeField(null=True)

    class Meta:
        table = "automatic_festival"
        unique_together = (("org_code", "festival"),)


class TrialCadre(Model):
    """A cadre of the own federation who gets its campaigns first (试发名单)."""

    id = fields.BigIntField(primary_key=True)
    org_code = fields.CharField(max_length=6)
    cadre_id = fields.BigIntField()
    added_by = fields.BigIntField()
    added_at = UtcDatetimeField()

    class Meta:
        table = "trial_cadre"
        unique_together = (("org_code", "cadre_id"),)


class OutcomeChange(Model):
    """What one message had come to before a named admin decided otherwise, and who that was."""

    id = fields.BigIntField(primary_key=True)
    message_id = fields.BigIntField(db_index=True)
    campaign_id = fields.BigIntField()
    act = fields.CharEnumField(OutcomeAct, max_length=12, description="what was decided")
    state = fields.CharEnumField(MessageState, max_length=12, description="where it was before")
    reason = fields.CharEnumField(Reason, max_length=24, null=True, description="why, before")
    errcode = fields.IntField(null=True)
    attempts = fields.IntField(default=0)
    ended_at = UtcDatetimeField(null=True)
    note = fields.CharField(max_length=200, default="")
    decided_by = fields.BigIntField()
    decided_at = UtcDatetimeField()

    class Meta:
        table = "outcome_change"
