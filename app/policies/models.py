"""Policies, what is known beyond the register, and what each policy means for each person."""

from tortoise import fields
from tortoise.models import Model

from app.audit.enums import ActorKind
from app.core.fields import EncryptedField, UtcDatetimeField
from app.policies.enums import Access, Confidence, PolicyState, Step, Verdict


class Policy(Model):
    """One version of a policy of one federation, a published one is never changed."""

    id = fields.BigIntField(primary_key=True)
    # The same in all versions and at all levels.
    policy_key = fields.CharField(max_length=40)
    org_code = fields.CharField(max_length=6)
    version = fields.IntField()
    region_prefix = fields.CharField(max_length=6)
    name = fields.CharField(max_length=60)
    department = fields.CharField(max_length=20, default="")
    access = fields.CharEnumField(Access, max_length=12, description="whether it must be applied for")
    # Plain words for families, the whole text for those who want it.
    summary = fields.CharField(max_length=300, default="")
    body = fields.TextField(default="")
    # JSON: when, received_when, exclusive_with, higher_of, amounts.
    rules = fields.TextField()
    # JSON list of what to bring.
    proofs = fields.TextField(default="[]")
    apply_at = fields.CharField(max_length=200, default="")
    source = fields.CharField(max_length=300)
    source_url = fields.CharField(max_length=300, default="")
    checked_on = fields.DateField()
    confidence = fields.CharEnumField(Confidence, max_length=12, description="how sure the source is")
    state = fields.CharEnumField(PolicyState, max_length=12, description="where this version stands")
    valid_from = fields.DateField()
    # Null where the service itself put in an example.
    author_id = fields.BigIntField(null=True)
    publisher_id = fields.BigIntField(null=True)
    content_hash = fields.CharField(max_length=64, default="")
    withdrawal_reason = fields.CharField(max_length=200, default="")
    created_at = UtcDatetimeField()
    published_at = UtcDatetimeField(null=True)
    withdrawn_at = UtcDatetimeField(null=True)

    class Meta:
        table = "policy"
        unique_together = (("policy_key", "org_code", "version"),)
        indexes = (("org_code", "id"), ("state", "valid_from"))


class PersonFact(Model):
    """What somebody answered about a beneficiary, the latest answer to each question."""

    id = fields.BigIntField(primary_key=True)
    beneficiary_id = fields.BigIntField()
    fact = fields.CharField(max_length=40)
    # JSON: true, false, a word or a list of words.
    value = fields.CharField(max_length=120)
    said_by = fields.CharEnumField(ActorKind, max_length=12, description="who said it")
    said_by_id = fields.BigIntField(null=True)
    said_at = UtcDatetimeField()
    evidence = EncryptedField(null=True)

    class Meta:
        table = "person_fact"
        unique_together = (("beneficiary_id", "fact"),)


class PolicyStep(Model):
    """What was found out about a beneficiary and a policy: applied, received, refused, not applicable."""

    id = fields.BigIntField(primary_key=True)
    beneficiary_id = fields.BigIntField()
    policy_key = fields.CharField(max_length=40)
    step = fields.CharEnumField(Step, max_length=16, description="what was found out")
    reason = EncryptedField(null=True)
    said_by = fields.CharEnumField(ActorKind, max_length=12, description="who said it")
    said_by_id = fields.BigIntField(null=True)
    said_at = UtcDatetimeField()

    class Meta:
        table = "policy_step"
        unique_together = (("beneficiary_id", "policy_key"),)


class Entitlement(Model):
    """What a policy means for a beneficiary, only where something is to be said, advice until confirmed."""

    id = fields.BigIntField(primary_key=True)
    beneficiary_id = fields.BigIntField()
    policy_key = fields.CharField(max_length=40)
    policy_id = fields.BigIntField()
    region_code = fields.CharField(max_length=6)
    verdict = fields.CharEnumField(Verdict, max_length=16, description="what it means")
    # Empty, or what was found out: a Step.
    step = fields.CharField(max_length=16, default="")
    # Keys of facts, joined by commas: on which it hangs, and which decided it.
    missing = fields.CharField(max_length=300, default="")
    because = fields.CharField(max_length=300, default="")
    rival = fields.CharField(max_length=40, default="")
    computed_at = UtcDatetimeField()

    class Meta:
        table = "entitlement"
        unique_together = (("beneficiary_id", "policy_key"),)
        indexes = (("region_code", "policy_key", "verdict", "step", "id"),)


class EntitlementTally(Model):
    """How many entitlements of one county stand how, kept in the transaction of each change."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6)
    policy_key = fields.CharField(max_length=40)
    verdict = fields.CharField(max_length=16)
    step = fields.CharField(max_length=16)
    amount = fields.IntField()

    class Meta:
        table = "entitlement_tally"
        unique_together = (("region_code", "policy_key", "verdict", "step"),)


class EntitlementCheck(Model):
    """When a beneficiary was last judged by the policies, and what to ask next, the row locks the person."""

    beneficiary_id = fields.BigIntField(primary_key=True)
    # Digest of all his verdicts, so that one that changes nothing writes nothing.
    outcome = fields.CharField(max_length=32, default="")
    # What the register said when he was judged: its updated_at.
    seen_at = UtcDatetimeField(null=True)
    # Keys of at most two facts, joined by a comma.
    questions = fields.CharField(max_length=100, default="")
    turns_age = fields.SmallIntField(null=True)
    turns_on = fields.DateField(null=True)
    # When any of this was written last.
    judged_at = UtcDatetimeField(null=True)

    class Meta:
        table = "entitlement_check"


class EntitlementRound(Model):
    """One walk through the register, a stretch at a time, its numbers are the progress."""

    id = fields.BigIntField(primary_key=True)
    # Everybody, or only those whom the register changed.
    is_whole = fields.BooleanField()
    # Digest of the policies in force, and the day.
    library = fields.CharField(max_length=32)
    day = fields.DateField()
    position = fields.BigIntField(default=0)
    people = fields.IntField(default=0)
    changed = fields.IntField(default=0)
    started_at = UtcDatetimeField()
    touched_at = UtcDatetimeField()
    finished_at = UtcDatetimeField(null=True)

    class Meta:
        table = "entitlement_round"
