"""Pairings for tests, written straight into the table."""

from datetime import date
from typing import Any

from app.pairing.models import Pairing
from app.people.models import Beneficiary, Cadre
from tests.conftest import NOW
from tests.people.factories import make_beneficiary, make_cadre

NEW_YEAR = date(2026, 1, 1)


async def make_pairing(
    *, beneficiary: Beneficiary | None = None, cadre: Cadre | None = None, **overrides: Any
) -> Pairing:
    """Make a pairing since New Year; with `ended_on` it no longer counts as open."""
    beneficiary = beneficiary or await make_beneficiary()
    cadre = cadre or await make_cadre()
    defaults: dict[str, Any] = {
        "region_code": beneficiary.region_code,
        "beneficiary": beneficiary,
        "cadre": cadre,
        "started_on": NEW_YEAR,
        "open_beneficiary_id": None if overrides.get("ended_on") else beneficiary.id,
        "created_at": NOW,
    }
    return await Pairing.create(**defaults | overrides)
