"""Keeping count of the subscribe messages that people accept, since WeChat has no API to ask."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping
from datetime import datetime

from tortoise.transactions import in_transaction

from app.core import sql
from app.messaging.enums import SubscriptionAnswer
from app.messaging.rules import MAX_ANSWERS


async def grant_credits(
    *, openid: str, answers: Mapping[str, str | SubscriptionAnswer], now: datetime
) -> None:
    """Count what somebody answered to one subscription popup.

    One accept is one message, and accepts add up. A reject leaves what was accepted earlier; a ban ends it.

    Args:
        openid: the person, as the mini program knows him.
        answers: template id to accept, reject, ban or filter; at most 20.
        now: when.

    Raises:
        ValueError: too many answers, or one that WeChat does not give.
    """
    if len(answers) > MAX_ANSWERS:
        raise ValueError("a popup asks for a few templates at a time")
    given = {template_id: SubscriptionAnswer(answer) for template_id, answer in sorted(answers.items())}
    if not given:
        return

    async def unit() -> None:
        async with in_transaction():
            await _make_rows(openid, list(given), now=now)
            for answer in SubscriptionAnswer:
                templates = [template_id for template_id, said in given.items() if said is answer]
                if templates:
                    await _count(openid, templates, answer, now=now)

    await sql.retrying(unit)


async def _make_rows(openid: str, templates: list[str], *, now: datetime) -> None:
    row = "(%s, %s, 0, 0, '', %s)"
    values = [value for template_id in templates for value in (openid, template_id, now)]
    # Not INSERT IGNORE: MySQL would answer with a warning that holds the openid.
    keep = (
        "ON CONFLICT (openid, template_id) DO NOTHING"
        if sql.is_sqlite()
        else "ON DUPLICATE KEY UPDATE openid = openid"
    )
    await sql.execute(
        "INSERT INTO subscription_credit"
        " (openid, template_id, remaining, granted, last_answer, updated_at)"
        f" VALUES {', '.join([row] * len(templates))} {keep}",
        values,
    )


async def _count(openid: str, templates: list[str], answer: SubscriptionAnswer, *, now: datetime) -> None:
    change = {
        SubscriptionAnswer.ACCEPT: "remaining = remaining + 1, granted = granted + 1, ",
        SubscriptionAnswer.BAN: "remaining = 0, ",
    }.get(answer, "")
    await sql.execute(
        f"UPDATE subscription_credit SET {change}last_answer = %s, updated_at = %s"
        f" WHERE openid = %s AND template_id IN ({sql.marks(len(templates))})",
        (answer.value, now, openid, *templates),
    )
