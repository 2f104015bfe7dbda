"""Which messages of a campaign may be sent again: nothing came of them, and the cause is gone."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.campaigns.models import Campaign, OutcomeChange
from app.campaigns.queries.audience import WAYS, audience
from app.campaigns.queries.choosing import Statement
from app.campaigns.queries.people import these
from app.core import sql
from app.messaging.enums import Channel, Reason
from app.messaging.models import Message
from app.wechat.errcodes import RULES, Reaction

# WeChat swallows a second message with one client_msg_id for ten minutes (api_sendtemplatemessage).
_KEY_REMEMBERED = timedelta(minutes=10)
_CHANGES_OF_ONE = 20

# Whoever lacked something may have it by now; whether he has is asked of the audience.
_LACKED = ", ".join(
    f"'{reason.value}'"
    for reason in (
        Reason.NO_CREDIT,
        Reason.NOT_BOUND,
        Reason.NOT_FOLLOWING,
        Reason.NO_CONSENT,
        Reason.NO_PHONE,
        Reason.NO_CADRE,
        Reason.WINDOW_CLOSED,
        Reason.QUOTA_USED,
        Reason.CHANNEL_OFF,
        Reason.REFUSED_BY_SMS,
    )
)
# Refusals that are the recipient's own matter and do not pass.
_PERMANENT = ", ".join(
    str(errcode)
    for errcode, rule in sorted(RULES.items())
    if rule.reaction is Reaction.GIVE_UP_RECIPIENT and rule.stop_campaign_after is None
)
# One order for each message of which an admin found out that it had not arrived.
_REPEATED_BEFORE = (
    "EXISTS (SELECT 1 FROM outcome_change h WHERE h.message_id = m.id AND h.act = 'retried'"
    f" AND h.reason = '{Reason.NOT_ARRIVED.value}')"
)
# What carries a key is repeated when it was not answered, and that earlier try may have arrived, whatever was
# said to a later one.
_REPEATED = f"'{Channel.OFFICIAL_TEMPLATE.value}', '{Channel.MASS_SEND.value}'"
_CERTAINLY_NOT_SENT = f"(m.channel NOT IN ({_REPEATED}) OR m.first_tried_at IS NULL OR m.sent_at IS NOT NULL)"
_MAY_REPEAT = (
    f"((({_CERTAINLY_NOT_SENT}) AND ((m.state IN ('suppressed', 'failed') AND m.reason IN ({_LACKED}))"
    f" OR (m.state = 'failed' AND m.reason = '{Reason.REFUSED_BY_WECHAT.value}'"
    f" AND COALESCE(m.errcode, 0) NOT IN ({_PERMANENT}))"
    f" OR (m.state = 'expired' AND m.reason = '{Reason.TOO_LATE.value}')))"
    f" OR (m.state = 'failed' AND m.reason = '{Reason.NOT_ARRIVED.value}' AND NOT {_REPEATED_BEFORE}))"
)


def repeatable(campaign: Campaign, *, reasons: Sequence[Reason], now: datetime) -> Statement:
    """Return what follows FROM for the messages that may be sent again for one of these reasons.

    No scope: the campaign was found within one. The recipient must be reachable today by the same statement
    that chose the audience; what was sent, what may have arrived and what is on its way is never among them.
    """
    people = audience(campaign, now=now)
    text = (
        f"FROM message m JOIN ({people.text}) r ON r.recipient_id = m.recipient_id AND r.reason IS NULL"
        " WHERE m.campaign_id = %s AND m.recipient_kind = %s"
        f" AND m.reason IN ({sql.marks(len(reasons))}) AND {_MAY_REPEAT}"
        " AND (m.sent_at IS NULL OR m.sent_at <= %s)"
    )
    values = (
        *people.values,
        campaign.id,
        WAYS[campaign.kind].recipient_kind.value,
        *[reason.value for reason in reasons],
        now - _KEY_REMEMBERED,
    )
    return Statement(text, values)


async def repeatable_counts(*, campaign: Campaign, now: datetime) -> dict[Reason, int]:
    """Return how many messages of a campaign may be sent again now, by reason.

    No scope: numbers only, of a campaign that the caller may see.
    """
    found = repeatable(campaign, reasons=list(Reason), now=now)
    rows = await sql.fetch(
        f"SELECT m.reason, COUNT(*) AS amount {found.text} GROUP BY m.reason ORDER BY m.reason LIMIT %s",
        (*found.values, len(Reason)),
    )
    return {Reason(row["reason"]): row["amount"] for row in rows}


def put_back(
    campaign: Campaign, *, message_ids: Sequence[int], people: Sequence[int], now: datetime
) -> Statement:
    """Return the UPDATE that puts messages back into the queue, by the way that fits their recipients today.

    No scope: which ones was decided by `repeatable`.

    Args:
        campaign: whose messages.
        message_ids: which ones.
        people: their recipients.
        now: when.
    """
    found = audience(campaign, now=now, people=these(campaign, people))
    target = "" if sql.is_sqlite() else "message."
    fresh = ", ".join(
        f"{target}{name} = r.{name}" for name in ("channel", "openid", "template_id", "consent", "choice")
    )
    nothing = ", ".join(
        f"{target}{name} = NULL"
        for name in (
            *("reason", "errcode", "first_tried_at", "sent_at", "settled_at"),
            *("wechat_msgid", "lease_token", "lease_until_ms"),
        )
    )
    changes = (
        f"{fresh}, {nothing}, {target}state = 'queued', {target}begun = 0, {target}charged = 0,"
        f" {target}next_at = %s, {target}expires_at = %s"
    )
    chosen = (
        " message.recipient_id = r.recipient_id"
        " AND message.state IN ('suppressed', 'failed', 'expired')"
        f" AND message.id IN ({', '.join(map(str, message_ids))})"
    )
    if sql.is_sqlite():
        text = f"UPDATE message SET {changes} FROM ({found.text}) r WHERE{chosen}"
        return Statement(text, (now, campaign.expires_at, *found.values))
    text = f"UPDATE message JOIN ({found.text}) r ON{chosen} SET {changes}"
    return Statement(text, (*found.values, now, campaign.expires_at))


async def changes_of(*, messages: Sequence[Message]) -> dict[int, list[OutcomeChange]]:
    """Return what named admins decided about these messages, oldest first.

    No scope: the messages themselves were found within the regions that the caller may look into.
    """
    ids = [message.id for message in messages]
    found: dict[int, list[OutcomeChange]] = {}
    if ids:
        for change in await (
            OutcomeChange.filter(message_id__in=ids).order_by("id").limit(_CHANGES_OF_ONE * len(ids))
        ):
            found.setdefault(change.message_id, []).append(change)
    return found
