"""Whether those whom a hand-over concerns can be reached in WeChat, and what of it stands just now."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.core import sql
from app.messaging.rules.choosing import Fact
from app.people.enums import ConsentChannel, ConsentPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """One person and his WeChat.

    Args:
        id: of the cadre or guardian.
        region_code: where he belongs.
        openid: of his phone, None when it is not known.
        facts: what is true of him.
        consent: what a message to him rests on, empty for none.
        is_muted: he said 停.
    """

    id: int
    region_code: str
    openid: str | None
    facts: frozenset[Fact]
    consent: str = ""
    is_muted: bool = False


async def cadres_reachable(*, cadre_ids: Sequence[int], template_id: str) -> list[Reachable]:
    """Return by which phone each of these cadres can be told, and whether he has a credit for it.

    No scope: for messages to the cadres themselves.
    """
    if not cadre_ids:
        return []
    rows = await sql.fetch(
        "SELECT c.id, c.org_code, i.openid, COALESCE(s.remaining, 0) AS remaining FROM cadre c"
        " LEFT JOIN wechat_identity i ON i.id = (SELECT MAX(j.id) FROM wechat_identity j"
        " WHERE j.app = 'mini' AND j.cadre_id = c.id)"
        " LEFT JOIN subscription_credit s ON s.openid = i.openid AND s.template_id = %s"
        f" WHERE c.id IN ({sql.marks(len(cadre_ids))}) ORDER BY c.id",
        [template_id, *cadre_ids],
    )
    return [
        Reachable(
            id=row["id"],
            region_code=row["org_code"],
            openid=row["openid"],
            facts=_true({Fact.BOUND_MINI: row["openid"], Fact.CREDIT_MINI: row["remaining"] > 0}),
            consent="subscription",
        )
        for row in rows
    ]


async def guardians_reachable(*, beneficiary_ids: Sequence[int]) -> list[tuple[int, Reachable]]:
    """Return the guardians of these people, each with the person, and whether they agreed to be told.

    No scope: for messages to the guardians themselves. The consent is the one to hear of a change of cadre;
    that to policy notices does not cover it (个人信息保护法 14 条: 目的变更应当重新取得同意).
    """
    if not beneficiary_ids:
        return []
    rows = await sql.fetch(
        "SELECT s.beneficiary_id, g.id, g.region_code, g.muted_at, i.openid, i.follows,"
        " (SELECT MAX(k.id) FROM consent k WHERE k.guardian_id = g.id AND k.purpose = %s AND k.channel = %s"
        " AND k.withdrawn_at IS NULL) AS agreed FROM guardianship s JOIN guardian g ON g.id = s.guardian_id"
        " LEFT JOIN wechat_identity i ON i.id = (SELECT MAX(j.id) FROM wechat_identity j"
        " WHERE j.app = 'official' AND j.guardian_id = g.id)"
        f" WHERE s.beneficiary_id IN ({sql.marks(len(beneficiary_ids))}) ORDER BY s.id",
        [
            ConsentPurpose.CADRE_CHANGE.value,
            ConsentChannel.OFFICIAL_TEMPLATE.value,
            *beneficiary_ids,
        ],
    )
    return [(row["beneficiary_id"], _guardian(row)) for row in rows]


def _guardian(row: dict[str, Any]) -> Reachable:
    return Reachable(
        id=row["id"],
        region_code=row["region_code"],
        openid=row["openid"],
        facts=_true({Fact.AGREED: row["agreed"], Fact.BOUND: row["openid"], Fact.FOLLOWS: row["follows"]}),
        consent=f"consent:{row['agreed']}" if row["agreed"] else "",
        is_muted=row["muted_at"] is not None,
    )


def _true(known: dict[Fact, Any]) -> frozenset[Fact]:
    return frozenset(fact for fact, value in known.items() if value)
