"""Reading contacts and how far each pairing has come this year."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from app.accounts.queries import in_regions_or_of_own_cadres
from app.accounts.rules import Scope, org_code_of, region_prefix
from app.contacts.enums import ContactChannel, ContactKind, ContactOutcome
from app.contacts.models import Contact
from app.contacts.rules import CONTACTS_A_YEAR, VISITS_A_YEAR, Progress, progress_on, risk_order
from app.core import sql
from app.core.clock import china_year_bounds
from app.core.crypto import keyring
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.needs.enums import OPEN_NEEDS, NeedDomain, NeedState
from app.needs.models import Need
from app.needs.rules import MOST_OPEN
from app.orgs.models import Org
from app.orgs.queries import org_in_count, orgs_in_count
from app.pairing.models import PairingCare, PairingWish
from app.pairing.queries.handovers import HandoverLine, care_of, own_handover
from app.pairing.rules import Period
from app.people.enums import MuteReason
from app.people.models import Beneficiary, Cadre

# Far above what one cadre can look after; a bound all the same.
_PAIRINGS_OF_ONE = 500
# About a year of them.
_CONTACTS_OF_DIGEST = 6

CONTACT_COLUMNS = (
    "id, client_id, pairing_id, kind, channel, outcome, occurred_at, occurred_on, recorded_at, is_late,"
    " note, undone_at"
)


class ContactNotFound(NotFound):
    code = "contacts.not_found"
    title = "没有找到这条联系记录"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRecord:
    """One contact, visit or attempt as its cadre knows it."""

    id: int
    client_id: str
    pairing_id: int
    kind: ContactKind
    channel: ContactChannel | None
    outcome: ContactOutcome
    occurred_at: datetime
    occurred_on: date
    recorded_at: datetime
    is_late: bool
    note: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordedTap:
    """A record together with the digest of what the phone sent."""

    record: ContactRecord
    content_hash: str


@dataclass(frozen=True, slots=True)
class OwnContact:
    """A record and whom it concerns; the name is not masked yet."""

    record: ContactRecord
    beneficiary_name: str

    @property
    def id(self) -> int:
        """Return the record's id."""
        return self.record.id


@dataclass(frozen=True, kw_only=True)
class ContactLine:
    """One record as supervision sees it: no note, names not masked yet."""

    id: int
    region_code: str
    pairing_id: int
    beneficiary_id: int
    beneficiary_name: str
    cadre_id: int
    cadre_name: str
    kind: ContactKind
    channel: ContactChannel | None
    outcome: ContactOutcome
    occurred_on: date
    recorded_at: datetime
    is_late: bool
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnPairingProgress:
    """One of a cadre's people and how far this year has come; the name is not masked yet."""

    pairing_id: int
    beneficiary_id: int
    beneficiary_name: str
    started_on: date
    progress: Progress
    is_mourning: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContact:
    """One contact as a successor hears of it."""

    occurred_on: date
    kind: ContactKind
    channel: ContactChannel | None
    outcome: ContactOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestNeed:
    """One open need as a successor hears of it."""

    domain: NeedDomain
    state: NeedState
    department: str
    raised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a successor has to know of a family before he goes there; names are not masked yet."""

    line: HandoverLine
    contacts: list[DigestContact]
    needs: list[DigestNeed]
    wish: PairingWish | None
    care: PairingCare | None
    is_mourning: bool


@dataclass(frozen=True, kw_only=True)
class UnitProgress:
    """How far a unit's pairings have come this year; more than is due in one makes up for no other."""

    code: str
    name: str
    pairings: int = 0
    contacts_done: int = 0
    contacts_due: int = 0
    visits_done: int = 0
    visits_due: int = 0
    at_risk: int = 0


def record_of(row: dict[str, Any]) -> ContactRecord:
    """Read a row of CONTACT_COLUMNS.

    No scope: it reads nothing.
    """
    return ContactRecord(
        id=row["id"],
        client_id=row["client_id"],
        pairing_id=row["pairing_id"],
        kind=ContactKind(row["kind"]),
        channel=ContactChannel(row["channel"]) if row["channel"] else None,
        outcome=ContactOutcome(row["outcome"]),
        occurred_at=cast("datetime", sql.moment_of(row["occurred_at"])),
        occurred_on=cast("date", sql.day_of(row["occurred_on"])),
        recorded_at=cast("datetime", sql.moment_of(row["recorded_at"])),
        is_late=bool(row["is_late"]),
        note=keyring().open(row["note"], place="contact.note") if row["note"] is not None else None,
        undone_at=sql.moment_of(row["undone_at"]),
    )


async def recorded_tap(*, scope: Scope, client_id: str) -> RecordedTap | None:
    """Return what a cadre's phone recorded under an id of its own, or None."""
    rows = await sql.fetch(
        f"SELECT {CONTACT_COLUMNS}, content_hash FROM contact"  # noqa: S608 - own text
        " WHERE cadre_id = %s AND client_id = %s",
        (scope.cadre_id, client_id),
    )
    return RecordedTap(record_of(rows[0]), rows[0]["content_hash"]) if rows else None


async def own_contacts(*, scope: Scope, page: PageQuery) -> tuple[list[OwnContact], int | None]:
    """Return one page of what a cadre recorded, latest first, undone ones too, and where the next begins."""
    rows = await sql.fetch(
        f"SELECT {_columns_of('c')}, b.name AS beneficiary_name"  # noqa: S608 - own text
        " FROM contact c JOIN beneficiary b ON b.id = c.beneficiary_id"
        " WHERE c.cadre_id = %s AND (%s = 0 OR c.id < %s) ORDER BY c.id DESC LIMIT %s",
        (scope.cadre_id, page.cursor, page.cursor, page.limit + 1),
    )
    return cut([OwnContact(record_of(row), row["beneficiary_name"]) for row in rows], page=page)


def _columns_of(table: str) -> str:
    return ", ".join(f"{table}.{column}" for column in CONTACT_COLUMNS.split(", "))


async def contacts_in(
    *, scope: Scope, page: PageQuery, pairing_id: int | None = None
) -> tuple[list[ContactLine], int | None]:
    """Return one page of records in the caller's regions and of his own cadres, latest first.

    Args:
        scope: who asks.
        page: where to go on and how many; the cursor is the last id of the page before.
        pairing_id: keep those of this pairing.
    """
    found = Contact.filter(
        in_regions_or_of_own_cadres(scope=scope, region="region_code", org="pairing__cadre__org_code")
    )
    if page.cursor:
        found = found.filter(id__lt=page.cursor)
    if pairing_id is not None:
        found = found.filter(pairing_id=pairing_id)
    rows = await (
        found.order_by("-id")
        .limit(page.limit + 1)
        .values(
            "id", "region_code", "pairing_id", "beneficiary_id", "cadre_id", "kind", "channel", "outcome",
            "occurred_on", "recorded_at", "is_late", "undone_at",
            beneficiary_name="pairing__beneficiary__name",
        )
    )  # fmt: skip
    # Of whoever made it: while a family is handed over, that may be the cadre before the pairing's own.
    made_by = Cadre.filter(id__in=sorted({row["cadre_id"] for row in rows})).order_by("id")
    names = dict(await made_by.limit(len(rows) or 1).values_list("id", "name"))
    return cut([ContactLine(**row, cadre_name=names[row["cadre_id"]]) for row in rows], page=page)


async def digest_for(*, scope: Scope, handover_id: int, today: date) -> Digest:
    """Return what a successor has to know of a family: no note, no word of anybody, nobody's number.

    Of needs he hears the field and how far each is; their words he reads once the family is his.

    Raises:
        HandoverNotFound: it is not to him, or was undone, declined or overtaken.
    """
    line = await own_handover(scope=scope, handover_id=handover_id)
    person = line.handover.beneficiary_id
    contacts = Contact.filter(pairing__beneficiary_id=person, undone_at=None)
    made = await contacts.order_by("-occurred_on", "-id").limit(_CONTACTS_OF_DIGEST).values(
        "occurred_on", "kind", "channel", "outcome"
    )  # fmt: skip
    needs = Need.filter(beneficiary_id=person, state__in=list(OPEN_NEEDS)).order_by("id")
    open_needs = await needs.limit(MOST_OPEN).values("domain", "state", "department", "raised_at")
    wish = await PairingWish.get_or_none(beneficiary_id=person)
    mourning = Beneficiary.filter(id=person, muted_until__gte=today, mute_reason=MuteReason.BEREAVEMENT.value)
    return Digest(
        line=line,
        contacts=[DigestContact(**row) for row in made],
        needs=[DigestNeed(**row) for row in open_needs],
        wish=wish,
        care=await care_of(beneficiary_id=person),
        is_mourning=await mourning.exists(),
    )


async def own_pairings(*, scope: Scope, day: date) -> list[OwnPairingProgress]:
    """Return the people whom a cadre accompanies on a day, who is most likely to be forgotten first."""
    rows = await sql.fetch(
        "SELECT p.id, p.beneficiary_id, b.name, p.started_on, p.ended_on, y.contacts, y.visits,"
        " CASE WHEN b.muted_until >= %s AND b.mute_reason = 'bereavement' THEN 1 ELSE 0 END AS is_mourning,"
        " (SELECT MAX(last_reached_on) FROM contact_year WHERE pairing_id = p.id) AS last_contact_on"
        " FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id"
        " LEFT JOIN contact_year y ON y.pairing_id = p.id AND y.year = %s"
        " WHERE p.cadre_id = %s AND p.started_on <= %s AND (p.ended_on IS NULL OR p.ended_on > %s)"
        " ORDER BY p.id LIMIT %s",
        (day, day.year, scope.cadre_id, day, day, _PAIRINGS_OF_ONE),
    )
    people = [_own_pairing(row, day=day) for row in rows]
    return sorted(people, key=lambda own: risk_order(own.progress, started_on=own.started_on))


def _own_pairing(row: dict[str, Any], *, day: date) -> OwnPairingProgress:
    started_on = cast("date", sql.day_of(row["started_on"]))
    progress = progress_on(
        day,
        period=Period(started_on, sql.day_of(row["ended_on"])),
        contacts=row["contacts"] or 0,
        visits=row["visits"] or 0,
        last_contact_on=sql.day_of(row["last_contact_on"]),
    )
    return OwnPairingProgress(
        row["id"], row["beneficiary_id"], row["name"], started_on, progress, bool(row["is_mourning"])
    )


async def progress_by_unit(*, scope: Scope, region: str, day: date) -> list[UnitProgress]:
    """Return how far the pairings in force on a day have come in its year, by unit in the order of codes.

    The units of a province are its cities, those of a city its counties, a county stands alone. People
    registered with the federation itself are counted in a unit of its own, so nobody falls out of the sum.

    Raises:
        NotFound: the caller may not see numbers of this region.
    """
    org = await org_in_count(scope=scope, code=region)
    children = [child for child in await orgs_in_count(scope=scope) if child.parent_code == region]
    counted = await _counted_units(children or [org], prefix=region_prefix(region), day=day)
    named = {child.code: child.name for child in children} or {org.code: org.name}
    if region in counted:
        named.setdefault(region, org.name)
    return [
        UnitProgress(code=code, name=name, **counted.get(code, {})) for code, name in sorted(named.items())
    ]


async def _counted_units(units: list[Org], *, prefix: str, day: date) -> dict[str, dict[str, int]]:
    digits = max(len(region_prefix(unit.code)) for unit in units)
    rows = await sql.fetch(_progress_statement(digits=digits, day=day), [f"{prefix}%"])
    return {org_code_of(row.pop("unit")): {name: int(value) for name, value in row.items()} for row in rows}


def _progress_statement(*, digits: int, day: date) -> str:
    """Return `contacts.rules.progress_on` and `is_at_risk` as one statement over a region's pairings.

    On the day that is number `begun` of `days`, (begun * due - 1) // days of the evenly spread contacts had
    their last day before it; whoever has done fewer is at risk.
    """
    new_year, next_new_year = china_year_bounds(day.year)
    today, days_in_year = f"'{day}'", (next_new_year - new_year).days
    first_day = f"CASE WHEN p.started_on > '{new_year}' THEN p.started_on ELSE '{new_year}' END"
    end = f"CASE WHEN p.ended_on < '{next_new_year}' THEN p.ended_on ELSE '{next_new_year}' END"

    def required(times: int) -> str:
        return _whole(f"({2 * times} * days + {days_in_year})", str(2 * days_in_year))

    def expected(due: str) -> str:
        return _whole(f"(begun * {due} - 1)", "days")

    return (
        "SELECT unit, COUNT(*) AS pairings,"  # noqa: S608 - own text, numbers and days only
        " SUM(CASE WHEN contacts < contacts_due THEN contacts ELSE contacts_due END) AS contacts_done,"
        " SUM(contacts_due) AS contacts_due,"
        " SUM(CASE WHEN visits < visits_due THEN visits ELSE visits_due END) AS visits_done,"
        " SUM(visits_due) AS visits_due,"
        f" SUM(CASE WHEN contacts < {expected('contacts_due')} OR visits < {expected('visits_due')}"
        " THEN 1 ELSE 0 END) AS at_risk"
        " FROM (SELECT unit, contacts, visits, days, begun,"
        f" {required(CONTACTS_A_YEAR)} AS contacts_due, {required(VISITS_A_YEAR)} AS visits_due"
        f" FROM (SELECT SUBSTR(p.region_code, 1, {digits}) AS unit,"
        " COALESCE(y.contacts, 0) AS contacts, COALESCE(y.visits, 0) AS visits,"
        f" {_days_between(first_day, end)} AS days,"
        f" {_days_between(first_day, today)} + 1 AS begun"
        f" FROM pairing p LEFT JOIN contact_year y ON y.pairing_id = p.id AND y.year = {day.year}"
        f" WHERE p.region_code LIKE %s AND p.started_on <= {today}"
        f" AND (p.ended_on IS NULL OR p.ended_on > {today})) AS stretch) AS owed"
        " GROUP BY unit ORDER BY unit"
    )


def _days_between(earlier: str, later: str) -> str:
    if sql.is_sqlite():
        return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"
    return f"DATEDIFF({later}, {earlier})"


def _whole(dividend: str, divisor: str) -> str:
    return f"({dividend} {'/' if sql.is_sqlite() else 'DIV'} {divisor})"
