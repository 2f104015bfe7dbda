"""Which messages of a campaign may be sent again: nothing came of them, and the cause is gone."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign, OutcomeChange
from app.campaigns.queries.audience import WAYS, Statement, audience, concat
from app.core import sql
from app.messaging.enums import Channel, Reason
from app.messaging.models import Message
from app.people.enums import ConsentChannel, ConsentPurpose
from app.wechat.errcodes import RULES, Reaction

# WeChat swallows a second message with one client_msg_id for ten minutes (api_sendtemplatemessage).
_KEY_REMEMBERED = timedelta(minutes=10)
_CHANGES_OF_ONE = 20

# Whoever lacked something may have it by now; whether he has is asked of the audience.
_LACKED = ", ".join(
    f"'{reason.value}'"
    for reason in (Reason.NO_CREDIT, Reason.NOT_BOUND, Reason.NOT_FOLLOWING, Reason.NO_CONSENT)
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
# A template message whose earlier try was never answered may have arrived, whatever was said to a later one.
_CERTAINLY_NOT_SENT = (
    f"(m.channel <> '{Channel.OFFICIAL_TEMPLATE.value}' OR m.first_tried_at IS NULL OR m.sent_at IS NOT NULL)"
)
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


def fresh_address(campaign: Campaign) -> tuple[str, str, tuple[str, ...]]:
    """Return the SQL for the openid and the consent that a recipient has now, and its values.

    No scope: expressions for statements of this feature.
    """
    if campaign.kind is CampaignKind.FESTIVAL_REMINDER:
        return _openid("mini", "cadre_id"), "'subscription'", ()
    consent = (
        "(SELECT MAX(k.id) FROM consent k WHERE k.guardian_id = message.recipient_id AND k.purpose = %s"
        " AND k.channel = %s AND k.withdrawn_at IS NULL)"
    )
    values = (ConsentPurpose.POLICY_NOTICE.value, ConsentChannel.OFFICIAL_TEMPLATE.value)
    return _openid("official", "guardian_id"), concat("'consent:'", consent), values


def _openid(app: str, owner: str) -> str:
    return (
        "(SELECT i.openid FROM wechat_identity i WHERE i.id = (SELECT MAX(j.id) FROM wechat_identity j"
        f" WHERE j.{owner} = message.recipient_id AND j.app = '{app}'))"
    )


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
