"""What is to be handed over in one go, and to whom."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.accounts.queries import in_regions
from app.accounts.rules import Scope, region_prefix
from app.core import sql
from app.core.errors import Invalid
from app.pairing.enums import BarReason, PairDecision
from app.pairing.models import Pairing
from app.pairing.rules.repairing import Receiver

# More families than a county's office hands over in one afternoon.
MOST_AT_ONCE = 500


class TooManyFamilies(Invalid):
    code = "pairing.too_many_families"
    title = f"一次最多调整{MOST_AT_ONCE}户，请分几次办理"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPairing:
    """A pairing that goes on, with both names, not masked yet."""

    id: int
    region_code: str
    beneficiary_id: int
    beneficiary_name: str
    cadre_id: int
    cadre_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """One family of a preview: who has it, who is to have it, and what that comes to."""

    pairing: OpenPairing
    cadre_id: int | None
    cadre_name: str
    decision: PairDecision
    sentence: str


async def open_pairings_of(*, scope: Scope, unit: str, cadre_ids: Sequence[int]) -> list[OpenPairing]:
    """Return the open pairings of a unit's cadres, or of some cadres, with people where the caller acts.

    Args:
        scope: who asks.
        unit: the unit (单位) as the roster writes it; empty to go by `cadre_ids`.
        cadre_ids: the cadres.

    Raises:
        TooManyFamilies: more than 500.
    """
    found = Pairing.filter(in_regions("region_code", scope.act), open_beneficiary_id__not_isnull=True)
    found = found.filter(cadre__unit=unit) if unit else found.filter(cadre_id__in=list(cadre_ids))
    rows = await (
        found.order_by("cadre_id", "id")
        .limit(MOST_AT_ONCE + 1)
        .values(
            "id", "region_code", "beneficiary_id", "cadre_id",
            beneficiary_name="beneficiary__name", cadre_name="cadre__name",
        )
    )  # fmt: skip
    if len(rows) > MOST_AT_ONCE:
        raise TooManyFamilies
    return [OpenPairing(**row) for row in rows]


async def receivers_of(*, scope: Scope, cadre_ids: Sequence[int], on: date) -> list[Receiver]:
    """Return how many families these cadres have from a day on, and how many they take, in the order given.

    Cadres who serve none of the caller's regions are left out.
    """
    if not cadre_ids:
        return []
    rows = await sql.fetch(
        "SELECT c.id, c.org_code, t.capacity, (SELECT COUNT(*) FROM pairing p WHERE p.cadre_id = c.id"
        " AND (p.ended_on IS NULL OR (p.ended_on > %s AND p.ended_on > p.started_on))) AS families"
        " FROM cadre c LEFT JOIN pairing_cadre_terms t ON t.cadre_id = c.id"
        f" WHERE c.id IN ({sql.marks(len(cadre_ids))})"
        " ORDER BY c.id",
        [on, *cadre_ids],
    )
    serving = {
        row["id"]: Receiver(row["id"], row["families"], row["capacity"])
        for row in rows
        if any(code.startswith(region_prefix(row["org_code"])) for code in scope.act)
    }
    return [serving[cadre_id] for cadre_id in dict.fromkeys(cadre_ids) if cadre_id in serving]


async def bars_of(*, beneficiary_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """Return with whom these people must not be paired, by person and cadre, with the reason.

    No scope: the people were found within one.
    """
    barred: dict[int, dict[int, str]] = {}
    if not beneficiary_ids:
        return barred
    rows = await sql.fetch(
        "SELECT beneficiary_id, cadre_id, reason FROM pairing_bar"
        f" WHERE beneficiary_id IN ({sql.marks(len(beneficiary_ids))}) ORDER BY id",
        list(beneficiary_ids),
    )
    for row in rows:
        barred.setdefault(row["beneficiary_id"], {})[row["cadre_id"]] = BarReason(row["reason"]).label
    return barred


async def cadre_names(*, scope: Scope, cadre_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of cadres who may have families where the caller acts, not masked yet."""
    if not cadre_ids:
        return {}
    rows = await sql.fetch(
        f"SELECT id, name, org_code FROM cadre WHERE id IN ({sql.marks(len(cadre_ids))}) ORDER BY id",
        list(cadre_ids),
    )
    return {
        row["id"]: row["name"]
        for row in rows
        if any(code.startswith(region_prefix(row["org_code"])) for code in scope.act)
    }
