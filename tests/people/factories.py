"""Persons for tests, written straight into the tables."""

import secrets
from datetime import date, timedelta
from itertools import count
from typing import Any

from app.core.crypto import keyring
from app.people.enums import (
    BeneficiaryStatus,
    CadreRank,
    CadreStatus,
    CertificateStatus,
    ConsentChannel,
    ConsentPurpose,
    GuardianRelation,
    Relief,
    Residence,
)
from app.people.models import Beneficiary, Cadre, Consent, Guardian, Guardianship, Household
from app.people.rules import check_certificate, check_id_number
from tests.accounts.factories import LIXIA
from tests.conftest import NOW
from tests.people.cast import SUN_JIANGUO, id_number

_FIRST_BIRTHDAY = date(1950, 1, 1)
_next = count(1)


def fresh_id_number() -> str:
    """Return an ID number that no earlier call returned, of somebody born in or after 1950."""
    number = next(_next)
    born_on = _FIRST_BIRTHDAY + timedelta(days=number % 18000)
    return id_number(f"{born_on:%Y%m%d}", number // 18000)


def fresh_phone() -> str:
    """Return a mobile number that no earlier call returned."""
    return f"199{next(_next):08d}"


async def make_beneficiary(**overrides: Any) -> Beneficiary:
    """Make an eligible beneficiary of 历下区; `id_number` and `certificate` set what they tell."""
    number = check_id_number(overrides.pop("id_number", None) or fresh_id_number(), today=NOW.date())
    certificate_text = overrides.pop("certificate", None) or f"{number.value}41"
    certificate = check_certificate(certificate_text, id_number=number)
    defaults: dict[str, Any] = {
        "region_code": LIXIA,
        "town": "泉城路街道",
        "name": "张大山",
        "id_number": number.value,
        "id_number_index": keyring().blind_index(number.value, label="id_number"),
        "certificate": certificate_text,
        "certificate_status": CertificateStatus.VALID,
        "born_on": number.born_on,
        "sex": number.sex,
        "category": certificate.category,
        "grade": certificate.grade,
        "relief": Relief.DIBAO_RURAL,
        "residence": Residence.RURAL,
        "status": BeneficiaryStatus.ACTIVE,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return await Beneficiary.create(**defaults | overrides)


async def make_household(**overrides: Any) -> Household:
    defaults: dict[str, Any] = {"region_code": LIXIA, "code": f"H-{next(_next)}"}
    return await Household.create(**defaults | overrides)


async def make_cadre(**overrides: Any) -> Cadre:
    """Make an active cadre of 历下区残联; `phone` sets its index."""
    phone = overrides.pop("phone", None) or fresh_phone()
    defaults: dict[str, Any] = {
        "org_code": LIXIA,
        "unit": "办公室",
        "post": "主任",
        "rank": CadreRank.SECTION,
        "name": SUN_JIANGUO.name,
        "phone": phone,
        "phone_index": keyring().blind_index(phone, label="phone"),
        "status": CadreStatus.ACTIVE,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return await Cadre.create(**defaults | overrides)


async def make_guardian(*, beneficiary: Beneficiary | None = None, **overrides: Any) -> Guardian:
    """Make a guardian, of this beneficiary if one is given; `relation` goes to the guardianship."""
    relation = overrides.pop("relation", GuardianRelation.PARENT)
    phone = overrides.pop("phone", None) or fresh_phone()
    defaults: dict[str, Any] = {
        "region_code": beneficiary.region_code if beneficiary else LIXIA,
        "name": "王秀兰",
        "phone": phone,
        "phone_index": keyring().blind_index(phone, label="phone"),
        "created_at": NOW,
    }
    guardian = await Guardian.create(**defaults | overrides)
    if beneficiary is not None:
        await Guardianship.create(guardian=guardian, beneficiary=beneficiary, relation=relation)
    return guardian


async def make_consent(guardian: Guardian, **overrides: Any) -> Consent:
    """Make a consent in force to policy notices through the service account."""
    defaults: dict[str, Any] = {
        "guardian": guardian,
        "purpose": ConsentPurpose.POLICY_NOTICE,
        "channel": ConsentChannel.OFFICIAL_TEMPLATE,
        "text_version": "2026-11",
        "evidence": f"push:{secrets.token_hex(4)}",
        "granted_at": NOW,
    }
    return await Consent.create(**defaults | overrides)
