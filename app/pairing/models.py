"""Pairings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from app.core.fields import EncryptedField, UtcDatetimeField
from app.pairing.enums import (
    BarReason,
    EndReason,
    HandoverState,
    PairDecision,
    PairingNews,
    ProposalState,
    RotationState,
)
from app.people.enums import Sex

if TYPE_CHECKING:
    from app.people.models import Beneficiary, Cadre


class Pairing(Model):
    """One cadre accompanies one beneficiary during [started_on, ended_on)."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6)
    beneficiary_id: int
    beneficiary: fields.ForeignKeyRelation[Beneficiary] = fields.ForeignKeyField(
        "app.Beneficiary", related_name="pairings", on_delete=fields.RESTRICT
    )
    cadre_id: int
    cadre: fields.ForeignKeyRelation[Cadre] = fields.ForeignKeyField(
        "app.Cadre", related_name="pairings", on_delete=fields.RESTRICT
    )
    started_on = fields.DateField()
    ended_on = fields.DateField(null=True)
    end_reason = fields.CharEnumField(EndReason, max_length=24, null=True, description="why it ended")
    # The beneficiary while the end is open, else null: the database itself refuses a second open pairing.
    open_beneficiary_id = fields.BigIntField(null=True, unique=True)
    created_at = UtcDatetimeField()

    class Meta:
        table = "pairing"
        indexes = (("cadre_id", "ended_on"), ("region_code", "id"))


class CadreTerms(Model):
    """Where a cadre works and lives, with how many families, and whether he takes part, as far as known."""

    id = fields.BigIntField(primary_key=True)
    cadre_id = fields.BigIntField(unique=True)
    work_county = fields.CharField(max_length=6, default="")
    work_town = fields.CharField(max_length=40, default="")
    home_county = fields.CharField(max_length=6, default="")
    home_town = fields.CharField(max_length=40, default="")
    sex = fields.CharEnumField(Sex, max_length=8, null=True, description="sex, families may wish for one")
    # JSON list of words: 手语, dialects, languages of minorities.
    languages = fields.CharField(max_length=200, default="[]")
    capacity = fields.SmallIntField(null=True)
    takes_part = fields.BooleanField(null=True)
    # Why he does not take part although his rank says so, or what was agreed with him.
    excuse = fields.CharField(max_length=200, default="", db_default="")
    # 官方方案 一(二): 直属单位领导班子成员 take part whatever their rank. Null is what nobody said.
    leads_unit = fields.BooleanField(null=True)
    updated_at = UtcDatetimeField()

    class Meta:
        table = "pairing_cadre_terms"


class PairingWish(Model):
    """Whom a family wishes for (官方方案 四(四): 充分尊重意愿)."""

    id = fields.BigIntField(primary_key=True)
    beneficiary_id = fields.BigIntField(unique=True)
    cadre_sex = fields.CharEnumField(Sex, max_length=8, null=True, description="a woman or a man")
    language = fields.CharField(max_length=20, default="")
    updated_at = UtcDatetimeField()

    class Meta:
        table = "pairing_wish"


class PairingBar(Model):
    """That a cadre and a person must not be paired."""

    id = fields.BigIntField(primary_key=True)
    beneficiary_id = fields.BigIntField()
    cadre_id = fields.BigIntField()
    reason = fields.CharEnumField(BarReason, max_length=16, description="why they must not be paired")
    created_at = UtcDatetimeField()

    class Meta:
        table = "pairing_bar"
        unique_together = (("beneficiary_id", "cadre_id"),)


class PairingProposal(Model):
    """The best pairs for one county. Those of one request and one block are solved together."""

    id = fields.BigIntField(primary_key=True)
    # The id of the first proposal of the same request.
    batch = fields.BigIntField(db_index=True)
    block_code = fields.CharField(max_length=6)
    region_code = fields.CharField(max_length=6)
    # The county while the proposal is open, else null: one county has one open proposal.
    open_region = fields.CharField(max_length=6, null=True, unique=True)
    state = fields.CharEnumField(ProposalState, max_length=12, description="where the proposal is")
    requested_by = fields.BigIntField(null=True)
    requested_at = UtcDatetimeField()
    attempts = fields.SmallIntField(default=0)
    lease_token = fields.CharField(max_length=32, default="")
    lease_until_ms = fields.BigIntField(default=0)
    people = fields.IntField(default=0)
    placed = fields.IntField(default=0)
    cost = fields.BigIntField(null=True)
    solved_at = UtcDatetimeField(null=True)
    decided_by = fields.BigIntField(null=True)
    decided_at = UtcDatetimeField(null=True)

    class Meta:
        table = "pairing_proposal"
        indexes = (("state", "id"), ("region_code", "id"))


class PairingProposalPair(Model):
    """Whom one person is to have by a proposal, nobody while the cadre is null."""

    id = fields.BigIntField(primary_key=True)
    proposal_id: int
    proposal: fields.ForeignKeyRelation[PairingProposal] = fields.ForeignKeyField(
        "app.PairingProposal", related_name="pairs", on_delete=fields.CASCADE
    )
    beneficiary_id = fields.BigIntField()
    cadre_id = fields.BigIntField(null=True)
    present_cadre_id = fields.BigIntField(null=True)
    end_reason = fields.CharEnumField(EndReason, max_length=24, description="why the present one would end")
    sentence = fields.CharField(max_length=200)
    locked = fields.BooleanField(default=False)
    decision = fields.CharEnumField(PairDecision, max_length=12, description="what became of it")
    refusal = fields.CharField(max_length=200, default="")

    class Meta:
        table = "pairing_proposal_pair"
        unique_together = (("proposal", "beneficiary_id"),)
        indexes = (("cadre_id", "decision"),)


class Handover(Model):
    """That one pairing passes to another cadre on a day, what the successor says, and who planned it.

    Both pairings stand from the moment of planning: the old one with its end, the new one with its beginning.
    """

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6)
    beneficiary_id = fields.BigIntField(db_index=True)
    pairing_id = fields.BigIntField(db_index=True)
    new_pairing_id = fields.BigIntField(unique=True)
    from_cadre_id = fields.BigIntField()
    to_cadre_id = fields.BigIntField()
    changes_on = fields.DateField()
    overlap_days = fields.SmallIntField()
    reason = fields.CharEnumField(EndReason, max_length=24, description="why it passes on")
    state = fields.CharEnumField(HandoverState, max_length=12, description="how far it is")
    planned_by = fields.BigIntField(null=True)
    planned_at = UtcDatetimeField()
    answered_at = UtcDatetimeField(null=True)
    decline_reason = EncryptedField(null=True)
    # When somebody saw to it that the successor declined or said nothing.
    settled_at = UtcDatetimeField(null=True)

    class Meta:
        table = "handover"
        indexes = (("from_cadre_id", "changes_on"), ("to_cadre_id", "changes_on"), ("region_code", "state"))


class PairingCare(Model):
    """What whoever visits a family has to know: its customs and taboos, and what not to do."""

    id = fields.BigIntField(primary_key=True)
    beneficiary_id = fields.BigIntField(unique=True)
    customs = EncryptedField(null=True)
    cautions = EncryptedField(null=True)
    updated_at = UtcDatetimeField()

    class Meta:
        table = "pairing_care"


class PairingNotice(Model):
    """One thing that a cadre is told about one of his families, shown in the mini program."""

    id = fields.BigIntField(primary_key=True)
    cadre_id = fields.BigIntField()
    beneficiary_id = fields.BigIntField()
    news = fields.CharEnumField(PairingNews, max_length=20, description="what he is told")
    on_day = fields.DateField()
    at = UtcDatetimeField()

    class Meta:
        table = "pairing_notice"
        indexes = (("cadre_id", "id"),)


class StayWish(Model):
    """Whether a family and its cadre wish that their pairing goes on when two years are over."""

    id = fields.BigIntField(primary_key=True)
    pairing_id = fields.BigIntField(unique=True)
    cadre_stays = fields.BooleanField(null=True)
    cadre_said_on = fields.DateField(null=True)
    family_stays = fields.BooleanField(null=True)
    family_said_on = fields.DateField(null=True)

    class Meta:
        table = "pairing_stay_wish"


class Rotation(Model):
    """One round of one pairing, when it is to pass on, to whom, and what became of it."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6)
    pairing_id = fields.BigIntField(db_index=True)
    # The pairing while something is to be done, else null: one pairing has one open round.
    open_pairing_id = fields.BigIntField(null=True, unique=True)
    beneficiary_id = fields.BigIntField()
    cadre_id = fields.BigIntField()
    changes_on = fields.DateField()
    state = fields.CharEnumField(RotationState, max_length=12, description="how far it is")
    # Chosen by hand; otherwise whoever suits best when it is announced.
    to_cadre_id = fields.BigIntField(null=True)
    handover_id = fields.BigIntField(null=True, unique=True)
    # What stands in the way, or why somebody put it off or cancelled it.
    note = fields.CharField(max_length=200, default="")
    # When the cadre of before told the family himself.
    family_told_at = UtcDatetimeField(null=True)
    planned_by = fields.BigIntField(null=True)
    planned_at = UtcDatetimeField()

    class Meta:
        table = "rotation"
        indexes = (("region_code", "changes_on"), ("state", "changes_on"))
