"""Needs with their history, words for which a person is wanted, and opinions."""

from tortoise import fields
from tortoise.models import Model

from app.core.fields import EncryptedField, UtcDatetimeField
from app.needs.enums import (
    InquiryKind,
    InquiryState,
    NeedAct,
    NeedDomain,
    NeedState,
    OpinionState,
    Speaker,
)


class Need(Model):
    """One difficulty of one beneficiary and how far it is, what happened stands in its steps."""

    id = fields.BigIntField(primary_key=True)
    beneficiary_id = fields.BigIntField(db_index=True)
    region_code = fields.CharField(max_length=6)
    domain = fields.CharEnumField(NeedDomain, max_length=16, description="what it is about")
    state = fields.CharEnumField(NeedState, max_length=12, description="how far it is")
    text = EncryptedField(null=True)
    department = fields.CharField(max_length=40, default="")
    raised_by = fields.CharEnumField(Speaker, max_length=12, description="who raised it")
    raiser_id = fields.BigIntField()
    # Chosen by the phone: the same need sent twice stays one.
    client_id = fields.CharField(max_length=64)
    raised_at = UtcDatetimeField()
    last_step_at = UtcDatetimeField()
    settled_at = UtcDatetimeField(null=True)

    class Meta:
        table = "need"
        unique_together = (("raised_by", "raiser_id", "client_id"),)
        indexes = (("region_code", "state", "last_step_at"),)


class NeedStep(Model):
    """One step in the history of a need, never changed, never removed."""

    id = fields.BigIntField(primary_key=True)
    need_id = fields.BigIntField(db_index=True)
    act = fields.CharEnumField(NeedAct, max_length=12, description="what was done")
    speaker = fields.CharEnumField(Speaker, max_length=12, description="who did it")
    speaker_id = fields.BigIntField()
    text = EncryptedField(null=True)
    department = fields.CharField(max_length=40, default="")
    at = UtcDatetimeField()

    class Meta:
        table = "need_step"


class Inquiry(Model):
    """What a guardian wrote to the service account that a person has to answer."""

    id = fields.BigIntField(primary_key=True)
    guardian_id = fields.BigIntField(db_index=True)
    region_code = fields.CharField(max_length=6)
    kind = fields.CharEnumField(InquiryKind, max_length=12, description="what it is")
    state = fields.CharEnumField(InquiryState, max_length=12, description="whether somebody answered")
    text = EncryptedField(null=True)
    # Names the push it came in: the same push twice is one inquiry.
    evidence = fields.CharField(max_length=80, unique=True)
    asked_at = UtcDatetimeField()
    answer = EncryptedField(null=True)
    answered_by = fields.CharEnumField(Speaker, max_length=12, null=True, description="who answered")
    answerer_id = fields.BigIntField(null=True)
    answered_at = UtcDatetimeField(null=True)
    # The message that carries the answer, if one could be sent.
    message_id = fields.BigIntField(null=True)
    # When the answer was read out at the guardian's next message, because no message reached him.
    told_at = UtcDatetimeField(null=True)

    class Meta:
        table = "inquiry"
        indexes = (("region_code", "state", "asked_at"),)


class Opinion(Model):
    """What a family thinks of the work of the federation, kept from the cadre and his own federation."""

    id = fields.BigIntField(primary_key=True)
    guardian_id = fields.BigIntField(db_index=True)
    region_code = fields.CharField(max_length=6)
    # The federation that reads it: the one above.
    org_code = fields.CharField(max_length=6)
    state = fields.CharEnumField(OpinionState, max_length=12, description="whether somebody answered")
    text = EncryptedField()
    evidence = fields.CharField(max_length=80, unique=True)
    given_at = UtcDatetimeField()
    answer = EncryptedField(null=True)
    answered_by = fields.BigIntField(null=True)
    answered_at = UtcDatetimeField(null=True)

    class Meta:
        table = "opinion"
        indexes = (("org_code", "state", "given_at"),)
