"""Who of the people that a campaign could be for: a region, a stretch of it, or some by their ids."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign

# A stretch is some 5,000 people of a region. When their ids lie this far apart most people between them are
# of other regions, and it is better to look each of them up than to read everybody in between.
_SPARSE = 20_000

# Table and region column of the people a kind of campaign is for.
PEOPLE = {
    CampaignKind.FESTIVAL_REMINDER: ("cadre", "org_code"),
    CampaignKind.POLICY_NOTICE: ("guardian", "region_code"),
    CampaignKind.FESTIVAL_GREETING: ("guardian", "region_code"),
}
# Families for whom one policy has one verdict, unless it was applied for, refused or ruled out meanwhile.
CONCERNED = (
    "SELECT 1 FROM guardianship s JOIN beneficiary n ON n.id = s.beneficiary_id AND n.status = 'active'"
    " JOIN entitlement e ON e.beneficiary_id = s.beneficiary_id"
    " AND e.policy_key = %s AND e.verdict = %s AND e.step IN ('', 'received')"
)


@dataclass(frozen=True, slots=True)
class People:
    """Who of those a campaign could be for: a region, a stretch of ids within it, or some by their ids.

    Args:
        table: guardian or cadre.
        region: name of its region column, and the beginning of the code; None for any.
        bounds: only ids above the first and up to the second number.
        ids: only these.
        policy: only guardians of families with this verdict, and no step taken, on this policy.
    """

    table: str
    region: tuple[str, str] | None = None
    bounds: tuple[int, int] | None = None
    ids: tuple[int, ...] | None = None
    policy: tuple[str, str] | None = None

    def condition(self) -> tuple[str, tuple[Any, ...]]:
        """Return the condition for rows of the table itself, as `x`, and its values."""
        parts, values = self._by_id("x.id")
        if self.region is not None:
            parts.append(f"x.{self.region[0]} LIKE %s")
            values += (f"{self.region[1]}%",)
        if self.policy is not None:
            parts.append(f"EXISTS ({CONCERNED} WHERE s.guardian_id = x.id)")
            values += self.policy
        return " AND ".join(parts) or "1 = 1", values

    def of(self, column: str) -> tuple[str, tuple[Any, ...]]:
        """Return the condition for rows of another table that name somebody in a column, and its values."""
        is_dense = self.bounds is not None and self.bounds[1] - self.bounds[0] <= _SPARSE
        if is_dense or self.ids is not None:
            parts, values = self._by_id(column)
            return " AND ".join(parts), values
        condition, values = self.condition()
        return f"{column} IN (SELECT x.id FROM {self.table} x WHERE {condition})", values

    def _by_id(self, column: str) -> tuple[list[str], tuple[Any, ...]]:
        parts: list[str] = []
        values: tuple[Any, ...] = ()
        if self.bounds is not None:
            parts.append(f"{column} > %s AND {column} <= %s")
            values = self.bounds
        if self.ids is not None:
            parts.append(f"{column} IN ({', '.join(map(str, self.ids)) or '0'})")
        return parts, values


def everybody(campaign: Campaign) -> People:
    """Return all people of a campaign's region.

    No scope: its region was checked when it was composed.
    """
    table, region = PEOPLE[campaign.kind]
    return People(table, region=(region, campaign.region_prefix), policy=policy_of(campaign))


def stretch(campaign: Campaign, lower: int, upper: int) -> People:
    """Return the people of the region with an id above the first and up to the second number.

    No scope: its region was checked when it was composed.
    """
    table, region = PEOPLE[campaign.kind]
    return People(
        table,
        region=(region, campaign.region_prefix),
        bounds=(lower, upper),
        policy=policy_of(campaign),
    )


def these(campaign: Campaign, ids: Sequence[int]) -> People:
    """Return up to a thousand people by their ids.

    No scope: who they are was decided by a query of this package.
    """
    return People(PEOPLE[campaign.kind][0], ids=tuple(ids))


def policy_of(campaign: Campaign) -> tuple[str, str] | None:
    """Return the policy that a notice is about and the verdict that makes somebody concerned, if any.

    No scope: it reads nothing.
    """
    return (campaign.policy_key, campaign.policy_audience.value) if campaign.policy_key else None
