"""Reading hand-overs, what to mind with a family, what cadres are told, and who has nobody."""

# ruff: noqa: S608 - only words of this file are put into statements, values are bound

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.core import sql
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.pairing.enums import EndReason, HandoverState, PairingNews
from app.pairing.models import Handover, Pairing, PairingCare, PairingNotice
from app.pairing.rules.handing_over import LONGEST_OVERLAP_DAYS, Plan
from app.people.enums import BeneficiaryStatus, CertificateStatus
from app.people.models import Beneficiary, Cadre
from app.people.rules import QUALIFYING_RELIEF, SEVERE_GRADE

# How long a cadre finds a hand-over in his list after its overlap.
_SHOWN_AFTER = timedelta(days=30)
_OWN_AT_ONCE = 200


class HandoverNotFound(NotFound):
    code = "pairing.handover_not_found"
    title = "没有找到这次交接"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverLine:
    """One hand-over with all three names, not masked yet."""

    handover: Handover
    beneficiary_name: str
    from_name: str
    to_name: str

    @property
    def id(self) -> int:
        """Return the hand-over's id."""
        return int(self.handover.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A person who should be accompanied and has nobody; the name is not masked yet."""

    id: int
    region_code: str
    town: str
    name: str
    begins_on: date | None
    last_cadre_until: date | None
    last_reason: EndReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsLine:
    """One thing that a cadre is told; the name is not masked yet."""

    id: int
    news: PairingNews
    name: str
    on_day: date
    at: datetime


def plan_of(handover: Handover) -> Plan:
    """Return what decides about a planned hand-over.

    No scope: it reads nothing.
    """
    return Plan(
        state=handover.state,
        changes_on=handover.changes_on,
        overlap_days=handover.overlap_days,
        planned_at=handover.planned_at,
    )


def needs_attention(today: date) -> Q:
    """Return the filter that keeps what an admin has to look at: declined, or not answered when its day came.

    No scope: a part of queries that have one.
    """
    declined = Q(state=HandoverState.DECLINED)
    silent = Q(state=HandoverState.PLANNED, changes_on__lte=today)
    return Q(Q(declined, silent, join_type=Q.OR), Q(settled_at=None))


async def handovers_in(
    *,
    scope: Scope,
    page: PageQuery,
    today: date,
    state: HandoverState | None = None,
    attention_only: bool = False,
) -> tuple[list[HandoverLine], int | None]:
    """Return one page of hand-overs of the caller's regions, oldest first, and where the next page begins.

    Args:
        scope: who asks.
        page: where to go on and how many.
        today: the day in the province.
        state: only these.
        attention_only: only those that an admin has to look at.
    """
    found = Handover.filter(in_regions("region_code", scope.find), id__gt=page.cursor)
    if state is not None:
        found = found.filter(state=state)
    if attention_only:
        found = found.filter(needs_attention(today))
    rows = await found.order_by("id").limit(page.limit + 1)
    return cut(await _named(rows), page=page)


async def handover_in(*, scope: Scope, handover_id: int) -> HandoverLine:
    """Return one hand-over; raises HandoverNotFound for one of another region."""
    found = Handover.filter(in_regions("region_code", scope.find), id=handover_id)
    rows = await found.order_by("id").limit(1)
    if not rows:
        raise HandoverNotFound
    return (await _named(rows))[0]


def _own(cadre_id: int | None) -> Q:
    return Q(from_cadre_id=cadre_id or 0, to_cadre_id=cadre_id or 0, join_type=Q.OR)


async def own_handovers(*, scope: Scope, today: date) -> list[HandoverLine]:
    """Return what a cadre takes over and hands over, the nearest day first, until it is long over."""
    oldest = today - _SHOWN_AFTER - timedelta(days=LONGEST_OVERLAP_DAYS)
    shown = Q(state__in=[HandoverState.PLANNED, HandoverState.ACCEPTED], changes_on__gte=oldest)
    found = Handover.filter(_own(scope.cadre_id)).filter(shown)
    return await _named(await found.order_by("changes_on", "id").limit(_OWN_AT_ONCE))


async def own_handover(*, scope: Scope, handover_id: int) -> HandoverLine:
    """Return one that the cadre takes over and that still stands.

    Raises:
        HandoverNotFound: it is not to him, or was undone or overtaken.
    """
    standing = [HandoverState.PLANNED, HandoverState.ACCEPTED]
    found = Handover.filter(id=handover_id, to_cadre_id=scope.cadre_id or 0, state__in=standing)
    rows = await found.order_by("id").limit(1)
    # What comes after his own time with the family is not for him.
    if not rows or not await Pairing.filter(id=rows[0].new_pairing_id, ended_on=None).exists():
        raise HandoverNotFound
    return (await _named(rows))[0]


async def _named(rows: Sequence[Handover]) -> list[HandoverLine]:
    cadres = await _names(Cadre, {one.from_cadre_id for one in rows} | {one.to_cadre_id for one in rows})
    people = await _names(Beneficiary, {one.beneficiary_id for one in rows})
    return [
        HandoverLine(
            handover=one,
            beneficiary_name=people[one.beneficiary_id],
            from_name=cadres[one.from_cadre_id],
            to_name=cadres[one.to_cadre_id],
        )
        for one in rows
    ]


async def _names(model: type[Cadre | Beneficiary], ids: Collection[int]) -> dict[int, str]:
    if not ids:
        return {}
    found = model.filter(id__in=sorted(ids)).order_by("id").limit(len(ids))
    return dict(await found.values_list("id", "name"))


async def care_of(*, beneficiary_id: int) -> PairingCare | None:
    """Return what to mind with a family, None where nobody said anything.

    No scope: the caller has found the beneficiary within his own.
    """
    return await PairingCare.get_or_none(beneficiary_id=beneficiary_id)


async def own_news(*, scope: Scope, page: PageQuery) -> tuple[list[NewsLine], int | None]:
    """Return one page of what a cadre is told about his pairings, latest first, and where the next begins."""
    found = PairingNotice.filter(cadre_id=scope.cadre_id or 0)
    if page.cursor:
        found = found.filter(id__lt=page.cursor)
    rows = await found.order_by("-id").limit(page.limit + 1)
    names = await _names(Beneficiary, {one.beneficiary_id for one in rows})
    lines = [
        NewsLine(id=one.id, news=one.news, name=names[one.beneficiary_id], on_day=one.on_day, at=one.at)
        for one in rows
    ]
    return cut(lines, page=page)


async def waiting_in(*, scope: Scope, page: PageQuery, day: date) -> tuple[list[Waiting], int | None]:
    """Return one page of people who should be accompanied and have nobody on a day, and the next page.

    Whoever is in the register and meets the conditions (官方方案 一(一)) is accompanied on the day or stands
    here; there is no third place. Somebody whose next pairing begins later stands here until then.
    """
    regions, values = _regions(scope)
    reliefs = sorted(relief.value for relief in QUALIFYING_RELIEF)
    rows = await sql.fetch(
        "SELECT b.id, b.region_code, b.town, b.name,"
        " (SELECT MIN(n.started_on) FROM pairing n WHERE n.beneficiary_id = b.id AND n.started_on > %s"
        " AND (n.ended_on IS NULL OR n.ended_on > n.started_on)) AS begins_on,"
        " (SELECT MAX(l.ended_on) FROM pairing l WHERE l.beneficiary_id = b.id AND l.ended_on <= %s"
        " AND l.ended_on > l.started_on) AS last_cadre_until,"
        " (SELECT l.end_reason FROM pairing l WHERE l.beneficiary_id = b.id AND l.ended_on <= %s"
        " AND l.ended_on > l.started_on ORDER BY l.ended_on DESC, l.id DESC LIMIT 1) AS last_reason"
        f" FROM beneficiary b WHERE {regions} AND b.id > %s AND b.status = %s AND b.certificate_status = %s"
        f" AND b.grade BETWEEN 1 AND %s AND b.relief IN ({sql.marks(len(reliefs))})"
        " AND NOT EXISTS (SELECT 1 FROM pairing p WHERE p.beneficiary_id = b.id AND p.started_on <= %s"
        " AND (p.ended_on IS NULL OR p.ended_on > %s)) ORDER BY b.id LIMIT %s",
        (
            *(day, day, day, *values, page.cursor),
            *(BeneficiaryStatus.ACTIVE.value, CertificateStatus.VALID.value, SEVERE_GRADE),
            *(*reliefs, day, day, page.limit + 1),
        ),
    )
    return cut([_waiting(row) for row in rows], page=page)


def _regions(scope: Scope) -> tuple[str, list[str]]:
    """Return the condition that keeps people of the caller's regions, and its values; no region, nobody."""
    if not scope.find:
        return "1 = 0", []
    return f"({' OR '.join(['b.region_code LIKE %s'] * len(scope.find))})", [f"{one}%" for one in scope.find]


def _waiting(row: dict[str, Any]) -> Waiting:
    return Waiting(
        id=row["id"],
        region_code=row["region_code"],
        town=row["town"],
        name=row["name"],
        begins_on=sql.day_of(row["begins_on"]),
        last_cadre_until=sql.day_of(row["last_cadre_until"]),
        last_reason=EndReason(row["last_reason"]) if row["last_reason"] else None,
    )
