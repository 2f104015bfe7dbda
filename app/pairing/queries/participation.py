"""Who of a federation takes part, and who of those has nobody yet."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.accounts.rules import Scope, region_prefix
from app.core import sql
from app.core.errors import NotFound
from app.orgs.queries import orgs_in_count
from app.pairing.enums import Participation
from app.pairing.queries.candidates import participation_facts
from app.pairing.rules.participation import participation

# Far more cadres than any one federation has.
MOST_WITHOUT = 1000
_MOST_CADRES = 10_000
_LEFT_JOIN = "FROM cadre c LEFT JOIN pairing_cadre_terms t ON t.cadre_id = c.id"
# Whoever is arranged to begin later has somebody too.
_HAS_SOMEBODY = (
    "EXISTS (SELECT 1 FROM pairing p WHERE p.cadre_id = c.id AND (p.ended_on IS NULL"
    " OR (p.ended_on > %s AND p.ended_on > p.started_on)))"
)
_FACTS = "c.org_code, c.`rank`, c.status, t.leads_unit, t.takes_part"


@dataclass(frozen=True, slots=True)
class PartCounts:
    """How many cadres have which part, and how many of those who take part have nobody yet."""

    by_part: Mapping[Participation, int] = field(default_factory=dict)
    without: int = 0

    @property
    def taking_part(self) -> int:
        """Return how many are to have at least one family (官方方案 二)."""
        return sum(count for part, count in self.by_part.items() if part.takes_part)


@dataclass(frozen=True, slots=True)
class UnitParticipation:
    """The numbers of one federation, or of one unit of it."""

    org_code: str
    name: str
    counts: PartCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreWithout:
    """A cadre who takes part and has nobody; the name is not masked yet."""

    id: int
    name: str
    org_code: str
    unit: str
    post: str
    part: Participation
    sentence: str


async def participation_by_org(*, scope: Scope, region: str, day: date) -> list[UnitParticipation]:
    """Return the numbers of each federation at or below a region, by division code; never a ranking.

    Raises:
        NotFound: the caller may not see numbers of this region.
    """
    prefix = region_prefix(region)
    if not scope.may_count_in(prefix):
        raise NotFound
    orgs = [org for org in await orgs_in_count(scope=scope) if org.code.startswith(prefix)]
    counts = _summed(await _groups([prefix], day=day), by="org_code")
    return [UnitParticipation(org.code, org.name, counts.get(org.code, PartCounts())) for org in orgs]


async def participation_by_unit(*, scope: Scope, day: date) -> list[UnitParticipation]:
    """Return the numbers of each unit (单位) of the federations for which the caller acts, by name."""
    groups = await _groups(scope.act, day=day)
    found = []
    for org_code in sorted({group["org_code"] for group in groups}):
        own = [group for group in groups if group["org_code"] == org_code]
        counts = _summed(own, by="unit")
        found += [UnitParticipation(org_code, unit, counts[unit]) for unit in sorted(counts)]
    return found


async def cadres_without(*, scope: Scope, day: date) -> list[CadreWithout]:
    """Return the cadres who take part and have nobody, by unit, in the order in which they were registered.

    官方方案 二: 每名干部直接联系帮扶至少1名. Names only where the caller acts; at most a thousand.
    """
    if not scope.act:
        return []
    rows = await sql.fetch(
        f"SELECT c.id, c.name, c.unit, c.post, t.excuse, {_FACTS} {_LEFT_JOIN}"
        f" WHERE ({_at_or_below(scope.act)}) AND (c.status = 'active' OR t.takes_part = %s)"
        f" AND (t.takes_part IS NULL OR t.takes_part = %s) AND NOT {_HAS_SOMEBODY}"
        " ORDER BY c.org_code, c.unit, c.id LIMIT %s",
        [*_likes(scope.act), True, True, day, _MOST_CADRES],
    )
    judged = [(row, participation(participation_facts(row))) for row in rows]
    found = [
        CadreWithout(
            id=row["id"],
            name=row["name"],
            org_code=row["org_code"],
            unit=row["unit"],
            post=row["post"],
            part=verdict.part,
            sentence=verdict.sentence,
        )
        for row, verdict in judged
        if verdict.part.takes_part
    ]
    return found[:MOST_WITHOUT]


async def _groups(prefixes: Sequence[str], *, day: date) -> list[dict[str, Any]]:
    """Return cadres counted by all that decides about them: the rule itself judges each group once."""
    if not prefixes:
        return []
    return await sql.fetch(
        "SELECT org_code, unit, `rank`, status, leads_unit, takes_part, has_somebody, COUNT(*) AS cadres"
        f" FROM (SELECT c.unit, {_FACTS}, {_HAS_SOMEBODY} AS has_somebody {_LEFT_JOIN}"
        f" WHERE {_at_or_below(prefixes)}) AS judged"
        " GROUP BY org_code, unit, `rank`, status, leads_unit, takes_part, has_somebody"
        " ORDER BY org_code, unit, `rank`, status, leads_unit, takes_part, has_somebody",
        [day, *_likes(prefixes)],
    )


def _at_or_below(prefixes: Sequence[str]) -> str:
    return " OR ".join(["c.org_code LIKE %s"] * len(prefixes))


def _likes(prefixes: Sequence[str]) -> list[str]:
    return [f"{prefix}%" for prefix in prefixes]


def _summed(groups: Sequence[Mapping[str, Any]], *, by: str) -> dict[str, PartCounts]:
    parts: dict[str, Counter[Participation]] = {}
    without: Counter[str] = Counter()
    for group in groups:
        part = participation(participation_facts(group)).part
        parts.setdefault(group[by], Counter())[part] += group["cadres"]
        if part.takes_part and not group["has_somebody"]:
            without[group[by]] += group["cadres"]
    return {name: PartCounts(dict(counter), without[name]) for name, counter in parts.items()}
