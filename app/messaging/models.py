"""Messages and subscription credits."""

from tortoise import fields
from tortoise.models import Model

from app.core.fields import UtcDatetimeField
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind


class Message(Model):
    """One recipient, one channel, one purpose."""

    id = fields.BigIntField(primary_key=True)
    dedup_key = fields.CharField(max_length=100, unique=True)
    purpose = fields.CharEnumField(Purpose, max_length=24, description="what it is for")
    channel = fields.CharEnumField(Channel, max_length=24, description="how it travels")
    campaign_id = fields.BigIntField(null=True)
    recipient_kind = fields.CharEnumField(RecipientKind, max_length=12, description="who receives")
    recipient_id = fields.BigIntField()
    region_code = fields.CharField(max_length=6)
    openid = fields.CharField(max_length=64, null=True)
    template_id = fields.CharField(max_length=64)
    consent = fields.CharField(max_length=40, default="")
    # Why this channel: the better ones that were passed over, "official_subscribe:no_credit".
    choice = fields.CharField(max_length=200, default="", db_default="")
    subject_id = fields.BigIntField(null=True)
    subject_count = fields.IntField(default=0)
    # Urgent messages leave before all others, and at night too.
    urgent = fields.BooleanField(default=False)
    state = fields.CharEnumField(MessageState, max_length=12, description="where it is in its life")
    reason = fields.CharEnumField(Reason, max_length=24, null=True, description="why not sent, or failed")
    next_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    # The intent: a try may be under way, so after a crash nobody knows whether it arrived.
    begun = fields.BooleanField(default=False)
    lease_token = fields.CharField(max_length=32, null=True)
    lease_until_ms = fields.BigIntField(null=True)
    attempts = fields.IntField(default=0)
    # The first try of which we do not know for certain that nothing came of it.
    first_tried_at = UtcDatetimeField(null=True)
    # Whether this message holds one subscription credit.
    charged = fields.BooleanField(default=False)
    wechat_msgid = fields.CharField(max_length=32, null=True, db_index=True)
    errcode = fields.IntField(null=True)
    created_at = UtcDatetimeField()
    sent_at = UtcDatetimeField(null=True)
    settled_at = UtcDatetimeField(null=True)

    class Meta:
        table = "message"
        indexes = (
            ("state", "urgent", "next_at"),
            ("campaign_id", "state", "reason"),
            ("recipient_kind", "recipient_id", "sent_at"),
        )


class SubscriptionCredit(Model):
    """How many subscribe messages one person still accepts of one template, WeChat has no API to ask."""

    id = fields.BigIntField(primary_key=True)
    openid = fields.CharField(max_length=64)
    template_id = fields.CharField(max_length=64)
    remaining = fields.IntField(default=0)
    granted = fields.IntField(default=0)
    last_answer = fields.CharField(max_length=12, default="")
    updated_at = UtcDatetimeField()

    class Meta:
        table = "subscription_credit"
        unique_together = (("openid", "template_id"),)
