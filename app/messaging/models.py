"""Messages, subscription credits, quotas, and what each person was sent."""

from tortoise import fields
from tortoise.models import Model

from app.core.fields import UtcDatetimeField
from app.messaging.enums import (
    BatchState,
    CallOutcome,
    Channel,
    MessageState,
    Purpose,
    Reason,
    RecipientKind,
    WindowAct,
)


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
    # On whose behalf: federations that wait together take turns.
    org_code = fields.CharField(max_length=6, default="", db_default="")
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
    # The day whose quotas it is counted in, None when it is in none.
    counted_on = fields.DateField(null=True)
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
            ("state", "urgent", "org_code", "channel", "next_at"),
            ("campaign_id", "state", "reason"),
            ("recipient_id", "recipient_kind"),
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


class ServiceWindow(Model):
    """How many customer-service messages somebody still allows by one thing he did, and until when."""

    id = fields.BigIntField(primary_key=True)
    openid = fields.CharField(max_length=64)
    act = fields.CharEnumField(WindowAct, max_length=12, description="what he did")
    remaining = fields.IntField()
    opened_at = UtcDatetimeField()
    closes_at = UtcDatetimeField(db_index=True)

    class Meta:
        table = "service_window"
        unique_together = (("openid", "act"),)


class MassBatch(Model):
    """One mass message, its recipients are the messages that carry its token.

    It is repeated with the same id, the same text and the same people as long as WeChat keeps the id.
    """

    id = fields.BigIntField(primary_key=True)
    campaign_id = fields.BigIntField(db_index=True)
    token = fields.CharField(max_length=32, unique=True)
    text = fields.TextField()
    people = fields.IntField()
    state = fields.CharEnumField(BatchState, max_length=12, description="where it is")
    tries = fields.IntField(default=0)
    # The first try of which we do not know for certain that nothing came of it.
    first_tried_at = UtcDatetimeField(null=True)
    next_at = UtcDatetimeField()
    lease_until_ms = fields.BigIntField(null=True)
    errcode = fields.IntField(null=True)
    wechat_msgid = fields.CharField(max_length=32, null=True, db_index=True)
    created_at = UtcDatetimeField()
    settled_at = UtcDatetimeField(null=True)
    # What WeChat tells at the end, in numbers: nobody is named.
    result = fields.CharField(max_length=32, default="")
    reached = fields.IntField(null=True)
    not_reached = fields.IntField(null=True)
    left_out = fields.IntField(null=True)
    finished_at = UtcDatetimeField(null=True)

    class Meta:
        table = "mass_batch"
        indexes = (("state", "next_at"),)


class CallTask(Model):
    """A call that waits for the cadre of a family, until it would come too late."""

    id = fields.BigIntField(primary_key=True)
    message_id = fields.BigIntField(unique=True)
    ends_at = UtcDatetimeField(db_index=True)

    class Meta:
        table = "call_task"


class CallReport(Model):
    """What a cadre told about one call that he was asked to make, his phone chooses the client id."""

    id = fields.BigIntField(primary_key=True)
    message_id = fields.BigIntField()
    cadre_id = fields.BigIntField()
    client_id = fields.CharField(max_length=64)
    outcome = fields.CharEnumField(CallOutcome, max_length=12, description="what came of it")
    reported_at = UtcDatetimeField()

    class Meta:
        table = "call_report"
        unique_together = (("message_id", "client_id"),)


class Quota(Model):
    """How much of what WeChat allows us in one period is used, by those on their way and those that left."""

    id = fields.BigIntField(primary_key=True)
    # A day or a month of the province: 2026-05-17, 2026-05.
    period = fields.CharField(max_length=10)
    channel = fields.CharEnumField(Channel, max_length=24, description="how it travels")
    # A template, or nothing for the account as a whole.
    subject = fields.CharField(max_length=64)
    allowed = fields.IntField()
    used = fields.IntField(default=0)
    # WeChat said that it is used up, whatever we counted: nothing is given back until the next period.
    closed = fields.BooleanField(default=False)

    class Meta:
        table = "quota"
        unique_together = (("period", "channel", "subject"),)


class PersonLedger(Model):
    """What one person was sent of late, as entries of a day, a message and a digest of its words."""

    # Kind and id in one word, so that the table needs no second index.
    person = fields.CharField(max_length=32, primary_key=True)
    entries = fields.CharField(max_length=4000)
    newest_on = fields.DateField()

    class Meta:
        table = "person_ledger"
