"""The 27 measures to begin with, as drafts: somebody reads and corrects them before they are published."""

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from importlib.resources import files
from typing import Any

from app.accounts.rules import region_prefix
from app.policies.enums import Access, Confidence
from app.policies.models import Policy
from app.policies.operations.drafting import Author, create_draft
from app.policies.rules.authoring import Draft

_RULES = ("when", "received_when", "exclusive_with", "higher_of", "amounts")


def example_drafts(*, org_code: str) -> list[Draft]:
    """Return the measures of `app/policies/data/measures.json` as drafts of a federation.

    No transaction: nothing is written. Amounts of the levels above are set for the federation's own region.
    """
    text = files("app.policies").joinpath("data/measures.json").read_text(encoding="utf-8")
    table = json.loads(text)
    checked_on = date.fromisoformat(table["checked_on"])
    return [_draft(one, checked_on=checked_on, prefix=region_prefix(org_code)) for one in table["measures"]]


def _draft(one: Mapping[str, Any], *, checked_on: date, prefix: str) -> Draft:
    rules = {name: one[name] for name in _RULES}
    rules["amounts"] = [
        {**row, "region": max(row["region"], prefix, key=len)}
        for row in one["amounts"]
        if row["region"].startswith(prefix) or prefix.startswith(row["region"])
    ]
    return Draft(
        key=one["key"],
        name=one["name"],
        department=one["department"],
        access=Access(one["access"]),
        summary=one["summary"],
        body="",
        rules=rules,
        proofs=tuple(one["proofs"]),
        apply_at=one["apply_at"],
        source=one["source"],
        source_url="",
        checked_on=checked_on,
        confidence=Confidence(one["confidence"]),
    )


async def plant_examples(
    *, author: Author, now: datetime, only: Collection[str] | None = None
) -> list[Policy]:
    """Put in the example measures that a federation has no version of, as drafts, and return them.

    Each is a transaction of its own: half of them are as good a beginning, and the next call adds the rest.
    """
    known = {policy.policy_key for policy in await Policy.filter(org_code=author.org_code).only("policy_key")}
    return [
        await create_draft(draft=draft, author=author, now=now)
        for draft in example_drafts(org_code=author.org_code)
        if draft.key not in known and (only is None or draft.key in only)
    ]
