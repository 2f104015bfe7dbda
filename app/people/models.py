"""People. ID numbers, certificates, phones and addresses are sealed; `*_index` columns find them blindly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from app.core.fields import EncryptedField, UtcDatetimeField
from app.people.enums import (
    BeneficiaryStatus,
    CadreRank,
    CadreStatus,
    CertificateStatus,
    DisabilityCategory,
    GuardianRelation,
    PriorityFlag,
    Relief,
    Residence,
    Sex,
)
from app.people.rules import (
    Eligibility,
    EligibilityFacts,
    PriorityFacts,
    age_on,
    eligibility,
    priority_flags,
)

if TYPE_CHECKING:
    from datetime import date


class Household(Model):
    """One family in hardship, several beneficiaries of one household are 一户多残."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6, db_index=True)
    code = fields.CharField(max_length=40)

    class Meta:
        table = "household"
        unique_together = (("region_code", "code"),)


class Beneficiary(Model):
    """A severely disabled person in hardship. Keyed by its own id: certificates and cards change."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6)
    town = fields.CharField(max_length=40, default="")
    household_id: int | None
    household: fields.ForeignKeyNullableRelation[Household] = fields.ForeignKeyField(
        "app.Household", related_name="members", on_delete=fields.RESTRICT, null=True
    )
    name = fields.CharField(max_length=40)
    id_number = EncryptedField()
    id_number_index = fields.CharField(max_length=64, unique=True)
    certificate = EncryptedField()
    certificate_status = fields.CharEnumField(
        CertificateStatus, max_length=12, description="state of the disability certificate"
    )
    born_on = fields.DateField()
    sex = fields.CharEnumField(Sex, max_length=8, description="sex, from the ID number")
    category = fields.CharEnumField(DisabilityCategory, max_length=16, description="disability category")
    grade = fields.SmallIntField()
    relief = fields.CharEnumField(Relief, max_length=24, description="social relief received")
    residence = fields.CharEnumField(Residence, max_length=8, description="rural or urban")
    several_disabled_in_household = fields.BooleanField(default=False)
    kept_by_elderly = fields.BooleanField(default=False)
    phone = EncryptedField(null=True)
    address = EncryptedField(null=True)
    status = fields.CharEnumField(BeneficiaryStatus, max_length=24, description="whether served now")
    muted_until = fields.DateField(null=True)
    mute_reason = fields.CharField(max_length=40, default="")
    created_at = UtcDatetimeField()
    updated_at = UtcDatetimeField()

    class Meta:
        table = "beneficiary"
        indexes = (("region_code", "id"),)

    def age(self, *, day: date) -> int:
        """Return the age in completed years (周岁) on a day."""
        return age_on(self.born_on, day=day)

    def eligibility(self) -> Eligibility:
        """Return whether this person belongs to the scheme, and which conditions fail."""
        return eligibility(
            EligibilityFacts(certificate_status=self.certificate_status, grade=self.grade, relief=self.relief)
        )

    def priority(self, *, day: date) -> tuple[PriorityFlag, ...]:
        """Return why this person is to be paired before others on a day."""
        return priority_flags(
            PriorityFacts(
                residence=self.residence,
                several_disabled_in_household=self.several_disabled_in_household,
                kept_by_elderly=self.kept_by_elderly,
                age=self.age(day=day),
                grade=self.grade,
            )
        )


class Guardian(Model):
    """Who looks after one or several beneficiaries and hears for them."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6, db_index=True)
    name = fields.CharField(max_length=40)
    phone = EncryptedField(null=True)
    phone_index = fields.CharField(max_length=64, null=True, db_index=True)
    muted_at = UtcDatetimeField(null=True)
    created_at = UtcDatetimeField()

    class Meta:
        table = "guardian"


class Guardianship(Model):
    """That one guardian looks after one beneficiary."""

    id = fields.BigIntField(primary_key=True)
    guardian_id: int
    guardian: fields.ForeignKeyRelation[Guardian] = fields.ForeignKeyField(
        "app.Guardian", related_name="guardianships", on_delete=fields.RESTRICT
    )
    beneficiary_id: int
    beneficiary: fields.ForeignKeyRelation[Beneficiary] = fields.ForeignKeyField(
        "app.Beneficiary", related_name="guardianships", on_delete=fields.RESTRICT
    )
    relation = fields.CharEnumField(
        GuardianRelation, max_length=20, description="relation to the beneficiary"
    )

    class Meta:
        table = "guardianship"
        unique_together = (("guardian", "beneficiary"),)


class Cadre(Model):
    """A cadre of a federation who keeps contact with families."""

    id = fields.BigIntField(primary_key=True)
    org_code = fields.CharField(max_length=6)
    unit = fields.CharField(max_length=60, default="")
    post = fields.CharField(max_length=60, default="")
    rank = fields.CharEnumField(CadreRank, max_length=12, description="rank, decides who takes part")
    name = fields.CharField(max_length=40)
    phone = EncryptedField()
    phone_index = fields.CharField(max_length=64, unique=True)
    status = fields.CharEnumField(CadreStatus, max_length=12, description="in office or not")
    created_at = UtcDatetimeField()
    updated_at = UtcDatetimeField()

    class Meta:
        table = "cadre"
        indexes = (("org_code", "id"),)


class Consent(Model):
    """What a guardian agreed to, in which words, and how we know."""

    id = fields.BigIntField(primary_key=True)
    guardian_id: int
    guardian: fields.ForeignKeyRelation[Guardian] = fields.ForeignKeyField(
        "app.Guardian", related_name="consents", on_delete=fields.RESTRICT
    )
    purpose = fields.CharField(max_length=24)
    channel = fields.CharField(max_length=24)
    text_version = fields.CharField(max_length=16)
    evidence = fields.CharField(max_length=80)
    granted_at = UtcDatetimeField()
    withdrawn_at = UtcDatetimeField(null=True)
    withdrawal_evidence = fields.CharField(max_length=80, default="")

    class Meta:
        table = "consent"
        indexes = (("guardian_id", "purpose", "channel"),)


class BindingCode(Model):
    """A one-time code (scene) that binds whoever scans it to one guardian."""

    id = fields.BigIntField(primary_key=True)
    code_hash = fields.CharField(max_length=64, unique=True)
    guardian_id: int
    guardian: fields.ForeignKeyRelation[Guardian] = fields.ForeignKeyField(
        "app.Guardian", related_name="binding_codes", on_delete=fields.CASCADE
    )
    created_by = fields.BigIntField()
    created_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    used_at = UtcDatetimeField(null=True)

    class Meta:
        table = "binding_code"


class BindingPin(Model):
    """Six digits that a cadre reads out and a guardian types, told by a keyed digest only."""

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    guardian_id = fields.BigIntField(db_index=True)
    expires_at = UtcDatetimeField(db_index=True)
    used_at = UtcDatetimeField(null=True)

    class Meta:
        table = "binding_pin"


class BindingTries(Model):
    """Six digits typed of late by one follower, and wrong ones by all together. The digest tells neither."""

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    tries = fields.IntField()
    forgotten_at = UtcDatetimeField(db_index=True)

    class Meta:
        table = "binding_tries"
