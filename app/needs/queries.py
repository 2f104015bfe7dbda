"""Reading needs, inquiries and opinions, each only by those whom it concerns."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tortoise.expressions import Q, Subquery

from app.accounts.queries import in_regions
from app.accounts.rules import Scope, region_prefix
from app.core import sql
from app.core.clock import china_date
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.messaging.enums import OPEN_STATES, MessageState
from app.messaging.models import Message
from app.needs.enums import OPEN_NEEDS, AnswerWay, InquiryState, NeedDomain, NeedState
from app.needs.models import Inquiry, Need, NeedStep, Opinion
from app.needs.rules import STUCK_AFTER, way_of_answer
from app.pairing.models import Pairing
from app.people.models import Beneficiary, Guardian, Guardianship

_STEPS_OF_ONE = 200
_FAMILIES_OF_ONE = 200
_ANSWERS_OF_ONE = 200
_ARRIVED = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.HELD})


class NeedNotFound(NotFound):
    code = "needs.not_found"
    title = "没有找到这条诉求"


class InquiryNotFound(NotFound):
    code = "needs.inquiry_not_found"
    title = "没有找到这条留言"


class OpinionNotFound(NotFound):
    code = "needs.opinion_not_found"
    title = "没有找到这条意见"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNeeds:
    """How many needs of one county and one field are open, and how many of them nobody moved for a month."""

    region_code: str
    domain: NeedDomain
    open: int
    stuck: int
    settled: int


def _accompanied(cadre_id: int, *, today: date) -> Subquery:
    in_force = Q(ended_on=None) | Q(ended_on__gt=today)
    own = Pairing.filter(in_force, cadre_id=cadre_id, started_on__lte=today)
    return Subquery(own.values("beneficiary_id"))


def _families(scope: Scope, *, today: date) -> Q:
    """Return the filter that keeps needs of a cadre's or guardian's families, or of the staff's regions."""
    if scope.cadre_id is not None:
        return Q(beneficiary_id__in=_accompanied(scope.cadre_id, today=today))
    if scope.guardian_id is not None:
        kept = Guardianship.filter(guardian_id=scope.guardian_id)
        return Q(beneficiary_id__in=Subquery(kept.values("beneficiary_id")))
    return in_regions("region_code", scope.find)


async def needs_in(
    *,
    scope: Scope,
    page: PageQuery,
    today: date,
    state: NeedState | None = None,
    domain: NeedDomain | None = None,
    open_only: bool = False,
) -> tuple[list[Need], int | None]:
    """Return one page of needs, oldest first, and where the next page begins.

    Args:
        scope: who asks; a cadre gets those of his families of today, a guardian those of his own.
        page: where to go on and how many.
        today: the day in the province.
        state: only these.
        domain: only these.
        open_only: leave out what is settled.
    """
    found = Need.filter(_families(scope, today=today), id__gt=page.cursor)
    if state is not None:
        found = found.filter(state=state)
    if domain is not None:
        found = found.filter(domain=domain)
    if open_only:
        found = found.filter(state__in=list(OPEN_NEEDS))
    return cut(await found.order_by("id").limit(page.limit + 1), page=page)


async def stuck_needs_in(*, scope: Scope, page: PageQuery, now: datetime) -> tuple[list[Need], int | None]:
    """Return one page of open needs that nobody moved for a month, oldest first, and the next page.

    Args:
        scope: who asks.
        page: where to go on and how many.
        now: what nobody moved since a month before this moment is stuck.
    """
    found = Need.filter(
        _families(scope, today=china_date(now)),
        id__gt=page.cursor,
        state__in=list(OPEN_NEEDS),
        last_step_at__lte=now - STUCK_AFTER,
    )
    return cut(await found.order_by("id").limit(page.limit + 1), page=page)


async def need_in(*, scope: Scope, need_id: int, today: date) -> Need:
    """Return one need; raises NeedNotFound for one that does not concern the caller."""
    need = await Need.filter(_families(scope, today=today)).get_or_none(id=need_id)
    if need is None:
        raise NeedNotFound
    return need


async def steps_of(*, scope: Scope, need_id: int, today: date) -> list[NeedStep]:
    """Return the history of one need, oldest step first, at most 200 steps.

    Raises:
        NeedNotFound: it does not concern the caller.
    """
    await need_in(scope=scope, need_id=need_id, today=today)
    return await NeedStep.filter(need_id=need_id).order_by("id").limit(_STEPS_OF_ONE)


async def names_of(*, scope: Scope, needs: Sequence[Need]) -> dict[int, str]:
    """Return how the beneficiaries of these needs are called, not masked, by id.

    Args:
        scope: who asks; nobody's names are read for a caller who sees nobody.
        needs: found within his scope.
    """
    ids = sorted({need.beneficiary_id for need in needs})
    sees_somebody = scope.find or scope.cadre_id is not None or scope.guardian_id is not None
    if not ids or not sees_somebody:
        return {}
    return dict(await Beneficiary.filter(id__in=ids).order_by("id").limit(len(ids)).values_list("id", "name"))


async def own_families(*, scope: Scope) -> list[int]:
    """Return the beneficiaries whom the guardian in `scope` looks after, in the order they were entered."""
    found = Guardianship.filter(guardian_id=scope.guardian_id or 0, beneficiary__status="active")
    ids: list[Any] = (
        await found.order_by("id").limit(_FAMILIES_OF_ONE).values_list("beneficiary_id", flat=True)
    )
    return ids


async def needs_by_unit(*, scope: Scope, region: str, now: datetime) -> list[UnitNeeds]:
    """Return how many needs are open, stuck and settled, by county and field, in the order of codes.

    Args:
        scope: who asks; only where he may count.
        region: division code at or above the counties.
        now: what nobody moved since a month before this moment is stuck.

    Raises:
        NeedNotFound: the region is not one of the caller's.
    """
    if not scope.may_count_in(region):
        raise NeedNotFound("不能查看其他地区的数字")
    open_states = sorted(state.value for state in OPEN_NEEDS)
    marks = sql.marks(len(open_states))
    rows = await sql.fetch(
        "SELECT region_code, domain,"
        f" SUM(CASE WHEN state IN ({marks}) THEN 1 ELSE 0 END) AS open,"
        f" SUM(CASE WHEN state IN ({marks}) AND last_step_at <= %s THEN 1 ELSE 0 END) AS stuck,"
        f" SUM(CASE WHEN state IN ({marks}) THEN 0 ELSE 1 END) AS settled"
        " FROM need WHERE region_code LIKE %s GROUP BY region_code, domain"
        " ORDER BY region_code, domain LIMIT %s",
        (
            *(*open_states, *open_states, now - STUCK_AFTER, *open_states),
            f"{region_prefix(region)}%",
            len(NeedDomain) * 200,
        ),
    )
    return [
        UnitNeeds(
            region_code=row["region_code"],
            domain=NeedDomain(row["domain"]),
            open=int(row["open"]),
            stuck=int(row["stuck"]),
            settled=int(row["settled"]),
        )
        for row in rows
    ]


def _writers(scope: Scope, *, today: date) -> Q:
    """Return the filter that keeps what guardians wrote whose families concern the caller."""
    if scope.cadre_id is not None:
        kept = Guardianship.filter(beneficiary_id__in=_accompanied(scope.cadre_id, today=today))
        return Q(guardian_id__in=Subquery(kept.values("guardian_id")))
    if scope.guardian_id is not None:
        return Q(guardian_id=scope.guardian_id)
    return in_regions("region_code", scope.find)


async def inquiries_in(
    *, scope: Scope, page: PageQuery, today: date, waiting_only: bool
) -> tuple[list[Inquiry], int | None]:
    """Return one page of what families wrote, oldest first, and where the next page begins.

    Args:
        scope: who asks; a cadre gets those of his families of today, staff those of their region.
        page: where to go on and how many.
        today: the day in the province.
        waiting_only: leave out what somebody answered.
    """
    found = Inquiry.filter(_writers(scope, today=today), id__gt=page.cursor)
    if waiting_only:
        found = found.filter(state=InquiryState.WAITING)
    return cut(await found.order_by("id").limit(page.limit + 1), page=page)


async def inquiry_in(*, scope: Scope, inquiry_id: int, today: date) -> Inquiry:
    """Return one inquiry; raises InquiryNotFound for one that does not concern the caller."""
    inquiry = await Inquiry.filter(_writers(scope, today=today)).get_or_none(id=inquiry_id)
    if inquiry is None:
        raise InquiryNotFound
    return inquiry


async def ways_of_answers(*, scope: Scope, inquiries: Sequence[Inquiry]) -> dict[int, AnswerWay]:
    """Return how the answers to these inquiries reach the families, by id; those without answer are left out.

    Args:
        scope: who asks; nothing is told to a caller who sees nobody.
        inquiries: found within his scope.
    """
    answered = [one for one in inquiries if one.state is InquiryState.ANSWERED]
    sees_somebody = scope.find or scope.cadre_id is not None or scope.guardian_id is not None
    if not answered or not sees_somebody:
        return {}
    carried = sorted(one.message_id for one in answered if one.message_id is not None)
    states: dict[int, MessageState] = (
        dict(await Message.filter(id__in=carried).values_list("id", "state")) if carried else {}
    )
    return {
        one.id: way_of_answer(
            is_told=one.told_at is not None,
            leaves=states.get(one.message_id or 0) in OPEN_STATES,
            has_left=states.get(one.message_id or 0) in _ARRIVED,
        )
        for one in answered
    }


async def untold_answers(*, scope: Scope) -> list[Inquiry]:
    """Return answers that no message carries to the guardian in `scope`, oldest first, at most two.

    One whose message came to nothing is among them, and one of which nobody knows whether it arrived: hearing
    it twice is better than never.
    """
    if scope.guardian_id is None:
        return []
    answered = Inquiry.filter(
        guardian_id=scope.guardian_id, state=InquiryState.ANSWERED, told_at=None
    ).order_by("-id")
    latest = list(reversed(await answered.limit(_ANSWERS_OF_ONE)))
    ways = await ways_of_answers(scope=scope, inquiries=latest)
    return [one for one in latest if ways[one.id] is AnswerWay.WAITS][:2]


async def latest_answers(*, scope: Scope, since: datetime) -> list[Inquiry]:
    """Return what persons answered to the guardian in `scope` since a moment, latest first, at most two."""
    if scope.guardian_id is None:
        return []
    found = Inquiry.filter(guardian_id=scope.guardian_id, state=InquiryState.ANSWERED, answered_at__gte=since)
    return await found.order_by("-answered_at", "-id").limit(2)


async def waiting_inquiries(*, scope: Scope) -> int:
    """Return how many inquiries of the guardian in `scope` nobody has answered."""
    if scope.guardian_id is None:
        return 0
    return await Inquiry.filter(guardian_id=scope.guardian_id, state=InquiryState.WAITING).count()


async def opinions_in(*, scope: Scope, page: PageQuery) -> tuple[list[Opinion], int | None]:
    """Return one page of opinions meant for the caller's own federation, oldest first, and the next page.

    A county never sees what its own families say about it.
    """
    found = Opinion.filter(in_regions("org_code", scope.find), id__gt=page.cursor)
    return cut(await found.order_by("id").limit(page.limit + 1), page=page)


async def opinion_in(*, scope: Scope, opinion_id: int) -> Opinion:
    """Return one opinion; raises OpinionNotFound for one that was meant for another federation."""
    opinion = await Opinion.filter(in_regions("org_code", scope.find)).get_or_none(id=opinion_id)
    if opinion is None:
        raise OpinionNotFound
    return opinion


async def guardian_names(*, scope: Scope, guardian_ids: Sequence[int]) -> dict[int, str]:
    """Return how these guardians are called, not masked, by id.

    Args:
        scope: who asks; nobody's names are read for a caller who sees nobody.
        guardian_ids: of what was found within his scope.
    """
    ids = sorted(set(guardian_ids))
    if not ids or not (scope.find or scope.cadre_id is not None or scope.guardian_id is not None):
        return {}
    return dict(await Guardian.filter(id__in=ids).order_by("id").limit(len(ids)).values_list("id", "name"))
