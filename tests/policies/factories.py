"""Policies and verdicts for tests, written straight into the tables."""

import json
from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any

from app.accounts.rules import region_prefix
from app.policies.enums import Access, Confidence, PolicyState, Verdict
from app.policies.models import Entitlement, Policy
from app.policies.operations.drafting import hash_of
from app.policies.rules.authoring import Document, read_document
from app.policies.rules.facts import Registered, facts_of
from app.policies.rules.judging import PolicyRule
from tests.accounts.factories import LIXIA, SHANDONG
from tests.conftest import NOW

TODAY = date(2026, 5, 17)
_next = count(1)
SEVERE = {"fact": "grade", "is": "in", "value": [1, 2]}
DIBAO = {"fact": "relief", "is": "==", "value": "dibao"}


def flag(key: str, value: bool = True) -> dict[str, Any]:
    """Return the condition that a yes-or-no fact has a value."""
    return {"fact": key, "is": "==", "value": value}


def read(**written: Any) -> Document:
    """Return rules as the engine reads them; they must be whole."""
    document, faults = read_document(written, region_prefix="37")
    assert faults == []
    return document


def make_rule(key: str, **written: Any) -> PolicyRule:
    """Make a rule from what an author writes; `access` beside it."""
    access = written.pop("access", Access.APPLICATION)
    document = read(**{"when": SEVERE} | written)
    assert document.when is not None
    return PolicyRule(
        key=key,
        policy_id=next(_next),
        name=key,
        when=document.when,
        received_when=document.received_when,
        exclusive_with=document.exclusive_with,
        higher_of=document.higher_of,
        amounts=document.amounts,
        access=access,
    )


def known_facts(
    *, day: date = TODAY, answers: Mapping[str, Any] | None = None, **overrides: Any
) -> dict[str, Any]:
    """Return what is known of a woman of 68 in 历下区, limb, grade 1, on rural 低保."""
    defaults: dict[str, Any] = {
        "region_code": LIXIA,
        "born_on": date(1958, 3, 12),
        "certificate_status": "valid",
        "grade": 1,
        "category": "limb",
        "relief": "dibao_rural",
        "residence": "rural",
        "several_disabled": False,
        "kept_by_elderly": False,
        "has_guardian": False,
        "paired": True,
    }
    return facts_of(Registered(**defaults | overrides), answers=answers or {}, day=day)


async def make_policy(**overrides: Any) -> Policy:
    """Make a policy of the province that is in force; `rules` as an author writes them."""
    org_code = overrides.pop("org_code", SHANDONG)
    rules = {"when": SEVERE} | overrides.pop("rules", {})
    defaults: dict[str, Any] = {
        "policy_key": f"policy_{next(_next)}",
        "org_code": org_code,
        "version": 1,
        "region_prefix": region_prefix(org_code),
        "name": "护理补贴",
        "department": "民政",
        "access": Access.APPLICATION,
        "summary": "按月领取护理补贴。",
        "rules": json.dumps(rules),
        "proofs": json.dumps(["残疾人证"], ensure_ascii=False),
        "apply_at": "乡镇（街道）便民服务中心",
        "source": "国发〔2015〕52号",
        "checked_on": date(2026, 5, 1),
        "confidence": Confidence.OFFICIAL,
        "state": PolicyState.PUBLISHED,
        "valid_from": date(2026, 1, 1),
        "created_at": NOW,
    }
    policy = Policy(**defaults | overrides)
    policy.content_hash = hash_of(policy)
    await policy.save()
    return policy


async def make_entitlement(*, beneficiary_id: int, policy: Policy, **overrides: Any) -> Entitlement:
    """Make the row of a gap."""
    defaults: dict[str, Any] = {
        "beneficiary_id": beneficiary_id,
        "policy_key": policy.policy_key,
        "policy_id": policy.id,
        "region_code": LIXIA,
        "verdict": Verdict.GAP,
        "computed_at": NOW,
    }
    return await Entitlement.create(**defaults | overrides)


def policy_body(**overrides: Any) -> dict[str, Any]:
    """Return a policy as an author sends it."""
    return {
        "key": "care_sub",
        "name": "重度残疾人护理补贴",
        "summary": "按月领取护理补贴。",
        "when": SEVERE,
        "amounts": [{"region": "370102", "per": "month", "cny": 200, "example": True}],
        "proofs": ["残疾人证", "身份证"],
        "apply_at": "街道便民服务中心",
        "source": "国发〔2015〕52号",
        "checked_on": "2026-05-01",
    } | overrides
