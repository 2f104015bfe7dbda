"""Reading rotations: what is to be planned, what each month carries, who wishes to stay, and the lists."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.core import sql
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.messaging.enums import MessageState, Purpose, RecipientKind
from app.pairing.enums import EndReason, FamilyNews, RotationState
from app.pairing.models import Pairing, Rotation
from app.pairing.rules.rotation import Month, Round, Wishes, heard, month_of

_OWN_AT_ONCE = 200
# Since when a round counts: a round that ended without a change begins the next one.
_SINCE = (
    "COALESCE((SELECT MAX(e.changes_on) FROM rotation e WHERE e.pairing_id = p.id"
    f" AND e.state IN ('{RotationState.STAYS.value}', '{RotationState.CANCELLED.value}')), p.started_on)"
)
_TOLD_BY_WECHAT = (
    "(SELECT COUNT(*) FROM guardianship s JOIN message m ON m.recipient_id = s.guardian_id"
    f" AND m.recipient_kind = '{RecipientKind.GUARDIAN.value}' AND m.purpose = '{Purpose.CADRE_CHANGE.value}'"
    f" AND m.state = '{MessageState.DELIVERED.value}' AND m.subject_id = r.handover_id"
    " WHERE s.beneficiary_id = r.beneficiary_id)"
)
_LINE = (
    "SELECT r.id, r.region_code, r.pairing_id, r.beneficiary_id, b.name AS beneficiary_name, r.cadre_id,"
    " c.name AS cadre_name, COALESCE(h.to_cadre_id, r.to_cadre_id) AS to_cadre_id, t.name AS to_cadre_name,"
    f" r.changes_on, r.state, r.handover_id, r.note, r.family_told_at, {_TOLD_BY_WECHAT} AS told_by_wechat,"
    f" w.cadre_stays, w.cadre_said_on, w.family_stays, w.family_said_on, {_SINCE} AS since"
    " FROM rotation r JOIN pairing p ON p.id = r.pairing_id JOIN beneficiary b ON b.id = r.beneficiary_id"
    " JOIN cadre c ON c.id = r.cadre_id LEFT JOIN handover h ON h.id = r.handover_id"
    " LEFT JOIN cadre t ON t.id = COALESCE(h.to_cadre_id, r.to_cadre_id)"
    " LEFT JOIN pairing_stay_wish w ON w.pairing_id = r.pairing_id"
)


# A hand-over that carries the rotation out, whoever planned it.
_CARRIED_OUT = (
    "EXISTS (SELECT 1 FROM handover x WHERE x.pairing_id = r.pairing_id"
    f" AND x.reason = '{EndReason.ROTATION.value}' AND x.state IN ('planned', 'accepted'))"
)


class RotationNotFound(NotFound):
    code = "pairing.rotation_not_found"
    title = "没有找到这条轮换安排"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationLine:
    """One rotation with its names, not masked yet; wishes are those of this round."""

    id: int
    region_code: str
    pairing_id: int
    beneficiary_id: int
    beneficiary_name: str
    cadre_id: int
    cadre_name: str
    to_cadre_id: int | None
    to_cadre_name: str | None
    changes_on: date
    state: RotationState
    note: str
    wishes: Wishes
    family: FamilyNews


async def rounds_in(*, scope: Scope) -> list[Round]:
    """Return the pairings where the caller acts that go on and have no month of rotation yet."""
    regions, values = _regions("p.region_code", scope.act)
    rows = await sql.fetch(
        f"SELECT p.id, p.cadre_id, {_SINCE} AS since FROM pairing p"
        f" WHERE p.open_beneficiary_id IS NOT NULL AND {regions}"
        " AND NOT EXISTS (SELECT 1 FROM rotation o WHERE o.open_pairing_id = p.id) ORDER BY p.id",
        values,
    )
    return [Round(row["id"], row["cadre_id"], cast("date", sql.day_of(row["since"]))) for row in rows]


async def population_in(*, scope: Scope) -> int:
    """Return how many pairings go on where the caller acts."""
    return await Pairing.filter(in_regions("region_code", scope.act), open_beneficiary_id__gt=0).count()


async def standing_in(*, scope: Scope) -> dict[Month, int]:
    """Return how many rotations are planned or announced where the caller acts, by month."""
    regions, values = _regions("region_code", scope.act)
    rows = await sql.fetch(
        "SELECT changes_on, COUNT(*) AS people FROM rotation"
        f" WHERE open_pairing_id IS NOT NULL AND {regions} GROUP BY changes_on ORDER BY changes_on",
        values,
    )
    found: dict[Month, int] = {}
    for row in rows:
        month = month_of(cast("date", sql.day_of(row["changes_on"])))
        found[month] = found.get(month, 0) + row["people"]
    return found


async def wishes_of(*, pairing_ids: Sequence[int]) -> dict[int, Wishes]:
    """Return what was wished in the present round of these pairings; those without any wish are left out.

    No scope: the pairings were found within one.
    """
    if not pairing_ids:
        return {}
    rows = await sql.fetch(
        "SELECT w.pairing_id, w.cadre_stays, w.cadre_said_on, w.family_stays, w.family_said_on,"
        f" {_SINCE} AS since FROM pairing_stay_wish w JOIN pairing p ON p.id = w.pairing_id"
        f" WHERE w.pairing_id IN ({sql.marks(len(pairing_ids))}) ORDER BY w.pairing_id",
        list(pairing_ids),
    )
    return {row["pairing_id"]: _wishes(row) for row in rows}


def _wishes(row: Mapping[str, Any]) -> Wishes:
    since = cast("date", sql.day_of(row["since"]))

    def of(side: str) -> bool | None:
        stays = row[f"{side}_stays"]
        said_on = sql.day_of(row[f"{side}_said_on"])
        return heard(wish=None if stays is None else bool(stays), said_on=said_on, since=since)

    return Wishes(family=of("family"), cadre=of("cadre"))


async def rotations_in(
    *, scope: Scope, page: PageQuery, state: RotationState | None = None, month: Month | None = None
) -> tuple[list[RotationLine], int | None]:
    """Return one page of rotations of the caller's regions, oldest entry first, and where the next begins.

    Args:
        scope: who asks.
        page: where to go on and how many.
        state: only these.
        month: only those of this month.
    """
    regions, values = _regions("r.region_code", scope.find)
    conditions, bound = [regions, "r.id > %s"], [*values, page.cursor]
    if state is not None:
        conditions.append("r.state = %s")
        bound.append(state.value)
    if month is not None:
        conditions.append("r.changes_on >= %s AND r.changes_on < %s")
        bound += [_first_day(month), _first_day(month + 1)]
    rows = await sql.fetch(
        f"{_LINE} WHERE {' AND '.join(conditions)} ORDER BY r.id LIMIT %s", [*bound, page.limit + 1]
    )
    return cut([_line(row) for row in rows], page=page)


async def rotation_in(*, scope: Scope, rotation_id: int) -> RotationLine:
    """Return one rotation; raises RotationNotFound for one of another region."""
    regions, values = _regions("r.region_code", scope.find)
    rows = await sql.fetch(f"{_LINE} WHERE {regions} AND r.id = %s ORDER BY r.id", [*values, rotation_id])
    if not rows:
        raise RotationNotFound
    return _line(rows[0])


async def own_rotations(*, scope: Scope) -> list[RotationLine]:
    """Return which of a cadre's families are to pass on, the nearest first."""
    rows = await sql.fetch(
        f"{_LINE} WHERE r.cadre_id = %s AND r.open_pairing_id IS NOT NULL"
        " ORDER BY r.changes_on, r.id LIMIT %s",
        (scope.cadre_id or 0, _OWN_AT_ONCE),
    )
    return [_line(row) for row in rows]


def _first_day(month: Month) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _regions(column: str, prefixes: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the condition that keeps rows of some regions, and its values; no region, nothing."""
    if not prefixes:
        return "1 = 0", []
    return f"({' OR '.join([f'{column} LIKE %s'] * len(prefixes))})", [f"{one}%" for one in prefixes]


def _line(row: Mapping[str, Any]) -> RotationLine:
    return RotationLine(
        id=row["id"],
        region_code=row["region_code"],
        pairing_id=row["pairing_id"],
        beneficiary_id=row["beneficiary_id"],
        beneficiary_name=row["beneficiary_name"],
        cadre_id=row["cadre_id"],
        cadre_name=row["cadre_name"],
        to_cadre_id=row["to_cadre_id"],
        to_cadre_name=row["to_cadre_name"],
        changes_on=cast("date", sql.day_of(row["changes_on"])),
        state=RotationState(row["state"]),
        note=row["note"],
        wishes=_wishes(row),
        family=_family_news(row),
    )


def _family_news(row: Mapping[str, Any]) -> FamilyNews:
    if row["handover_id"] is None:
        return FamilyNews.NOT_YET
    if row["family_told_at"] is not None:
        return FamilyNews.BY_CADRE
    return FamilyNews.BY_WECHAT if row["told_by_wechat"] else FamilyNews.WAITING


async def due_regions(*, until: date) -> list[str]:
    """Return the counties with planned rotations that are near or already carried out, by division code.

    No scope: for the worker that carries them forward.
    """
    rows = await sql.fetch(
        "SELECT DISTINCT r.region_code FROM rotation r WHERE r.state = %s"
        f" AND (r.changes_on <= %s OR {_CARRIED_OUT}) ORDER BY r.region_code",
        (RotationState.PLANNED.value, until),
    )
    return [row["region_code"] for row in rows]


async def declined_by(*, pairing_ids: Sequence[int]) -> dict[int, set[int]]:
    """Return who has declined to take over each of these pairings.

    No scope: the pairings were found within one.
    """
    found: dict[int, set[int]] = {}
    if not pairing_ids:
        return found
    rows = await sql.fetch(
        "SELECT pairing_id, to_cadre_id FROM handover WHERE state = 'declined'"
        f" AND pairing_id IN ({sql.marks(len(pairing_ids))}) ORDER BY id",
        list(pairing_ids),
    )
    for row in rows:
        found.setdefault(row["pairing_id"], set()).add(row["to_cadre_id"])
    return found


async def settled_rotations(*, today: date, limit: int) -> list[tuple[Rotation, RotationState]]:
    """Return rotations of which something else became by itself, each with what it is now.

    No scope: for the worker that carries them forward. Planned ones whose pairing ended otherwise; announced
    ones whose hand-over was declined in time, undone or overtaken, or whose day has come.
    """
    rows = await sql.fetch(
        "SELECT r.id, CASE"
        " WHEN r.state = 'planned' THEN 'overtaken'"
        " WHEN h.state = 'declined' AND p.open_beneficiary_id IS NOT NULL THEN 'planned'"
        " WHEN h.state = 'declined' AND p.ended_on <> h.changes_on THEN 'overtaken'"
        " WHEN h.state = 'undone' THEN 'cancelled'"
        " WHEN h.state = 'overtaken' THEN 'overtaken'"
        " WHEN r.changes_on <= %s THEN 'done' END AS becomes"
        " FROM rotation r JOIN pairing p ON p.id = r.pairing_id LEFT JOIN handover h ON h.id = r.handover_id"
        f" WHERE (r.state = 'planned' AND p.open_beneficiary_id IS NULL AND NOT {_CARRIED_OUT})"
        " OR (r.state = 'announced'"
        " AND (h.state IN ('declined', 'undone', 'overtaken') OR r.changes_on <= %s))"
        " ORDER BY r.id LIMIT %s",
        (today, today, limit),
    )
    becomes = {row["id"]: RotationState(row["becomes"]) for row in rows if row["becomes"]}
    found = await Rotation.filter(id__in=list(becomes)).order_by("id") if becomes else []
    return [(one, becomes[one.id]) for one in found]
