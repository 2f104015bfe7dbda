"""Reading pairings, always within what the caller may find."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from tortoise.expressions import Q

from app.accounts.queries import in_regions_or_of_own_cadres
from app.accounts.rules import Scope
from app.core import sql
from app.core.clock import china_date, chinese_day
from app.core.errors import Conflict, NotFound
from app.core.pagination import PageQuery, cut
from app.pairing.enums import EndReason, HandoverState
from app.pairing.models import Pairing
from app.pairing.rules import (
    BeneficiaryFacts,
    CadreFacts,
    Family,
    KnownPairing,
    PairingFacts,
    PairingVerdict,
    Period,
    WantedPairing,
    judge_pairings,
)
from app.pairing.rules.handing_over import Plan, is_in_overlap
from app.people.enums import BeneficiaryStatus, CadreStatus, CertificateStatus, Relief
from app.people.queries import beneficiary_in
from app.people.rules import EligibilityFacts, eligibility

# SQLite takes 32,766 values in one statement, and MySQL plans a long IN list badly.
_IDS_AT_ONCE = 1000
_PAIRINGS_OF_ONE = 100
_OWN_COLUMNS = "id, cadre_id, beneficiary_id, region_code, started_on, ended_on"


class PairingNotFound(NotFound):
    code = "pairing.not_found"
    title = "没有找到这条结对"


class PairingNotInForce(Conflict):
    code = "pairing.not_in_force"
    title = "这一天没有结对"


@dataclass(frozen=True, slots=True)
class OwnPairing:
    """What a contact needs of its pairing."""

    id: int
    cadre_id: int
    beneficiary_id: int
    region_code: str
    period: Period


@dataclass(frozen=True, kw_only=True)
class PairingLine:
    """One pairing with the names of both, not masked yet."""

    id: int
    region_code: str
    beneficiary_id: int
    beneficiary_name: str
    cadre_id: int
    cadre_name: str
    cadre_org_code: str
    cadre_unit: str
    started_on: date
    ended_on: date | None
    end_reason: EndReason | None


# Columns by name: whole persons would unseal their ID numbers for nothing.
_LINE = {
    "id": "id",
    "region_code": "region_code",
    "beneficiary_id": "beneficiary_id",
    "beneficiary_name": "beneficiary__name",
    "cadre_id": "cadre_id",
    "cadre_name": "cadre__name",
    "cadre_org_code": "cadre__org_code",
    "cadre_unit": "cadre__unit",
    "started_on": "started_on",
    "ended_on": "ended_on",
    "end_reason": "end_reason",
}


def _visible(scope: Scope) -> Q:
    if scope.cadre_id is not None:
        return Q(cadre_id=scope.cadre_id)
    return in_regions_or_of_own_cadres(scope=scope, region="region_code", org="cadre__org_code")


def _in_force(on: date) -> Q:
    return Q(Q(started_on__lte=on), Q(Q(ended_on=None), Q(ended_on__gt=on), join_type=Q.OR))


async def pairings_in(
    *, scope: Scope, page: PageQuery, in_force_on: date | None = None, cadre_id: int | None = None
) -> tuple[list[PairingLine], int | None]:
    """Return one page of pairings, oldest entry first, and where the next page begins.

    Args:
        scope: who asks; a cadre gets his own, staff those of their region and of their own cadres.
        page: where to go on and how many.
        in_force_on: keep those that cover this day; otherwise past and planned ones come too.
        cadre_id: keep those of this cadre.
    """
    found = Pairing.filter(_visible(scope), id__gt=page.cursor)
    if in_force_on is not None:
        found = found.filter(_in_force(in_force_on))
    if cadre_id is not None:
        found = found.filter(cadre_id=cadre_id)
    rows = await found.order_by("id").limit(page.limit + 1).values(**_LINE)
    return cut([PairingLine(**row) for row in rows], page=page)


async def pairing_in(*, scope: Scope, pairing_id: int) -> PairingLine:
    """Return one pairing; raises PairingNotFound for one that the caller may not see."""
    rows = await Pairing.filter(_visible(scope), id=pairing_id).order_by("id").limit(1).values(**_LINE)
    if not rows:
        raise PairingNotFound
    return PairingLine(**rows[0])


async def pairing_history(*, scope: Scope, beneficiary_id: int) -> list[PairingLine]:
    """Return who has accompanied a beneficiary, latest first; the last 100 pairings.

    Raises:
        BeneficiaryNotFound: the beneficiary is of another region and none of the caller's cadres knows him.
    """
    found = Pairing.filter(_visible(scope), beneficiary_id=beneficiary_id)
    rows = await found.order_by("-started_on", "-id").limit(_PAIRINGS_OF_ONE).values(**_LINE)
    if not rows:
        await beneficiary_in(scope=scope, beneficiary_id=beneficiary_id)
    return [PairingLine(**row) for row in rows]


async def judged_pairings(
    *, scope: Scope, wanted: Sequence[WantedPairing], now: datetime
) -> tuple[PairingVerdict, ...]:
    """Return what each wanted pairing would come to, in the same order; three statements per 1,000."""
    facts = await pairing_facts(scope=scope, wanted=wanted)
    return judge_pairings(wanted, facts=facts, today=china_date(now))


async def pairing_facts(
    *, scope: Scope, wanted: Sequence[WantedPairing], locked: bool = False
) -> PairingFacts:
    """Return all that decides about wanted pairings.

    Args:
        scope: who asks; beneficiaries of regions in which he may not act are left out, as if unknown.
        wanted: the list.
        locked: keep the rows of beneficiaries and cadres locked until the transaction ends: nobody else pairs
            them, and nobody says meanwhile that a cadre takes fewer families.
    """
    beneficiary_ids = sorted({item.beneficiary_id for item in wanted})
    cadre_ids = sorted({item.cadre_id for item in wanted})
    beneficiaries = await _rows_by_id(
        "SELECT id, region_code, status, certificate_status, grade, relief FROM beneficiary"
        " WHERE id IN ({ids}) ORDER BY id{lock}",
        beneficiary_ids,
        locked=locked,
    )
    # After the beneficiaries, everywhere, so that no two operations wait for each other.
    cadres = await _rows_by_id(
        "SELECT c.id, c.org_code, c.status, t.takes_part, t.capacity FROM cadre c"
        " LEFT JOIN pairing_cadre_terms t ON t.cadre_id = c.id WHERE c.id IN ({ids}) ORDER BY c.id{lock}",
        cadre_ids,
        locked=locked,
    )
    pairings = await _rows_by_id(
        "SELECT beneficiary_id, cadre_id, started_on, ended_on FROM pairing"
        " WHERE beneficiary_id IN ({ids}) ORDER BY beneficiary_id, started_on, id",
        beneficiary_ids,
    )
    families = await _families([row["id"] for row in cadres if row["capacity"] is not None])
    return PairingFacts(
        beneficiaries={
            row["id"]: _beneficiary_facts(row)
            for row in beneficiaries
            if scope.may_act_in(row["region_code"])
        },
        cadres={row["id"]: _cadre_facts(row, families.get(row["id"], ())) for row in cadres},
        pairings=_by_beneficiary(pairings),
    )


async def _rows_by_id(statement: str, ids: Sequence[int], *, locked: bool = False) -> list[dict[str, Any]]:
    lock = sql.for_update() if locked else ""
    rows: list[dict[str, Any]] = []
    for some in _batches(ids):
        rows += await sql.fetch(statement.format(ids=sql.marks(len(some)), lock=lock), some)
    return rows


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE))


def _beneficiary_facts(row: dict[str, Any]) -> BeneficiaryFacts:
    facts = EligibilityFacts(
        certificate_status=CertificateStatus(row["certificate_status"]),
        grade=row["grade"],
        relief=Relief(row["relief"]),
    )
    return BeneficiaryFacts(row["region_code"], BeneficiaryStatus(row["status"]), eligibility(facts))


def _cadre_facts(row: dict[str, Any], families: Sequence[Family]) -> CadreFacts:
    takes_part = None if row["takes_part"] is None else bool(row["takes_part"])
    return CadreFacts(row["org_code"], CadreStatus(row["status"]), takes_part, row["capacity"], families)


async def _families(cadre_ids: Sequence[int]) -> dict[int, list[Family]]:
    """Return whom each of these cadres accompanies or accompanied; some tens of rows each."""
    rows = await _rows_by_id(
        "SELECT cadre_id, beneficiary_id, started_on, ended_on FROM pairing"
        " WHERE cadre_id IN ({ids}) ORDER BY cadre_id, id",
        cadre_ids,
    )
    found: dict[int, list[Family]] = {}
    for row in rows:
        found.setdefault(row["cadre_id"], []).append(Family(row["beneficiary_id"], _period(row)))
    return found


def _by_beneficiary(rows: Sequence[dict[str, Any]]) -> dict[int, list[KnownPairing]]:
    found: dict[int, list[KnownPairing]] = {}
    for row in rows:
        known = KnownPairing(row["cadre_id"], _period(row))
        found.setdefault(row["beneficiary_id"], []).append(known)
    return found


def _period(row: dict[str, Any]) -> Period:
    return Period(cast("date", sql.day_of(row["started_on"])), sql.day_of(row["ended_on"]))


async def open_pairing_ids(*, scope: Scope, beneficiary_ids: Sequence[int]) -> dict[int, int]:
    """Return the id of the open pairing of each of these beneficiaries who has one, by beneficiary."""
    rows = await _rows_by_id(
        "SELECT id, beneficiary_id, region_code FROM pairing"
        " WHERE open_beneficiary_id IN ({ids}) ORDER BY id",
        sorted(set(beneficiary_ids)),
    )
    return {row["beneficiary_id"]: row["id"] for row in rows if scope.may_act_in(row["region_code"])}


async def own_pairing_on(*, scope: Scope, pairing_id: int, on: date) -> OwnPairing:
    """Return the cadre's pairing to which a contact on a day belongs.

    That is the one he names if it covers the day, otherwise another one of his with the same beneficiary:
    a late entry may name today's pairing and mean last year's. While he hands over, it is his successor's.
    Text of its own, for every tap pays for it.

    Raises:
        PairingNotFound: it is not a pairing of this cadre.
        PairingNotInForce: he did not accompany the beneficiary that day.
    """
    named = await sql.fetch(
        f"SELECT {_OWN_COLUMNS} FROM pairing"  # noqa: S608 - own text
        " WHERE id = %s AND cadre_id = %s",
        (pairing_id, scope.cadre_id),
    )
    if not named:
        raise PairingNotFound
    pairing = _own_pairing(named[0])
    if pairing.period.covers(on):
        return pairing
    others = await sql.fetch(
        f"SELECT {_OWN_COLUMNS} FROM pairing"  # noqa: S608 - own text
        " WHERE cadre_id = %s AND beneficiary_id = %s AND started_on <= %s"
        " AND (ended_on IS NULL OR ended_on > %s) ORDER BY id LIMIT 1",
        (scope.cadre_id, pairing.beneficiary_id, on, on),
    )
    if others:
        return _own_pairing(others[0])
    successors = await _successors_on(scope, pairing.beneficiary_id, on=on)
    if not successors:
        raise PairingNotInForce(f"{chinese_day(on)}您与这位帮扶对象没有结对，不能记在这一天")
    return successors[0]


async def _successors_on(scope: Scope, beneficiary_id: int, *, on: date) -> list[OwnPairing]:
    """Return the successor's pairing in force on a day of the overlap that the predecessor has."""
    rows = await sql.fetch(
        "SELECT q.id, q.cadre_id, q.beneficiary_id, q.region_code, q.started_on, q.ended_on, h.state,"
        " h.changes_on, h.overlap_days, h.planned_at FROM handover h"
        " JOIN pairing q ON q.id = h.new_pairing_id"
        " WHERE h.from_cadre_id = %s AND h.beneficiary_id = %s AND h.changes_on <= %s"
        " AND q.started_on <= %s AND (q.ended_on IS NULL OR q.ended_on > %s) ORDER BY h.id DESC LIMIT 10",
        (scope.cadre_id, beneficiary_id, on, on, on),
    )
    return [_own_pairing(row) for row in rows if is_in_overlap(_plan(row), day=on)]


def _plan(row: dict[str, Any]) -> Plan:
    return Plan(
        state=HandoverState(row["state"]),
        changes_on=cast("date", sql.day_of(row["changes_on"])),
        overlap_days=row["overlap_days"],
        planned_at=cast("datetime", sql.moment_of(row["planned_at"])),
    )


async def pairings_by_id(*, pairing_ids: Collection[int]) -> dict[int, OwnPairing]:
    """Return those of these pairings that exist.

    No scope: for taps of many cadres at once; whoever asks compares each one's `cadre_id`.
    """
    rows = await sql.fetch(
        f"SELECT {_OWN_COLUMNS} FROM pairing"  # noqa: S608 - own text
        f" WHERE id IN ({sql.marks(len(pairing_ids))}) ORDER BY id",
        sorted(pairing_ids),
    )
    return {row["id"]: _own_pairing(row) for row in rows}


def _own_pairing(row: dict[str, Any]) -> OwnPairing:
    return OwnPairing(row["id"], row["cadre_id"], row["beneficiary_id"], row["region_code"], _period(row))
