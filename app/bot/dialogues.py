"""What a number chooses from: the list that somebody was shown last, kept for an hour."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.transactions import in_transaction

from app.bot.enums import DialogueKind
from app.bot.models import Dialogue
from app.bot.replies import MOST_CHOICES
from app.needs import operations as needs
from app.needs.enums import InquiryKind
from app.people.queries import guardian_of_openid

# Long enough for somebody who asks his neighbour what the number means.
KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A numbered list that was shown.

    Args:
        kind: what it asks.
        options: ids or keys, all of them, in the order shown.
        first: index of the first one shown.
        person: whose policies, where policies are shown.
        words: what waits for the choice.
        evidence: names the push in which the words came.
    """

    kind: DialogueKind
    options: tuple[str, ...]
    first: int = 0
    person: int | None = None
    words: str | None = None
    evidence: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        """What stands on the page that was shown."""
        return self.options[self.first : self.first + MOST_CHOICES]

    @property
    def has_more(self) -> bool:
        """Whether a page follows."""
        return self.first + MOST_CHOICES < len(self.options)

    def chosen(self, number: int) -> str | None:
        """Return what a number means, None when it stands beside nothing."""
        return self.shown[number - 1] if 1 <= number <= len(self.shown) else None


async def keep(asked: Asked, *, openid: str, now: datetime) -> None:
    """Remember what somebody is shown, in place of what he was shown before.

    Joins the transaction of the caller.
    """
    state = {
        "options": asked.options,
        "first": asked.first,
        "person": asked.person,
        "words": asked.words,
        "evidence": asked.evidence,
    }
    await Dialogue.update_or_create(
        openid=openid,
        defaults={
            "kind": asked.kind,
            "state": json.dumps(state, ensure_ascii=False),
            "expires_at": now + KEPT,
        },
    )


async def latest(*, openid: str, now: datetime) -> Asked | None:
    """Return what somebody was shown last, None when that was nothing or is too long ago.

    No scope: WeChat told us who writes, and the answer goes to nobody else.
    """
    row = await Dialogue.get_or_none(openid=openid, expires_at__gt=now)
    return None if row is None else _read(row)


async def end(*, openid: str, now: datetime, settled: bool = False) -> None:
    """Forget what somebody was shown; a need for which he never chose the person goes to people who ask him.

    Joins the transaction of the caller.

    Args:
        openid: who.
        now: when.
        settled: the words found their place.
    """
    row = await Dialogue.select_for_update().get_or_none(openid=openid)
    if row is None:
        return
    if not settled:
        await _hand_over(_read(row), openid=openid, now=now)
    await row.delete()


async def end_overdue(*, now: datetime, limit: int = 100) -> int:
    """Forget lists that are an hour old, and return how many; words that wait in them go to people."""
    overdue: list[Any] = (
        await Dialogue.filter(expires_at__lte=now)
        .order_by("expires_at")
        .limit(limit)
        .values_list("openid", flat=True)
    )
    for openid in overdue:
        # One at a time: each may become an inquiry, and few are left unanswered.
        async with in_transaction():
            if await Dialogue.filter(openid=openid, expires_at__lte=now).exists():
                await end(openid=openid, now=now)
    return len(overdue)


async def _hand_over(asked: Asked, *, openid: str, now: datetime) -> None:
    guardian = await guardian_of_openid(openid=openid)
    if guardian is None or not asked.words:
        return
    await needs.take_inquiry(
        guardian=guardian,
        kind=InquiryKind.QUESTION,
        text=f"诉求：{asked.words}",
        evidence=asked.evidence,
        now=now,
    )


def _read(row: Dialogue) -> Asked:
    state = json.loads(row.state)
    return Asked(
        kind=row.kind,
        options=tuple(state["options"]),
        first=state["first"],
        person=state["person"],
        words=state["words"],
        evidence=state["evidence"],
    )
