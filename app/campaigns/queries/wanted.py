"""Whether messages are still wanted, asked of the register for a whole chunk just before they leave."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from datetime import date, datetime

from app.campaigns.models import Campaign
from app.campaigns.queries.people import CONCERNED, policy_of
from app.campaigns.queries.sources import BEREAVEMENT, CALLABLE
from app.core import sql
from app.core.clock import china_date
from app.messaging.enums import Channel, Reason
from app.people.enums import CadreStatus, ConsentChannel, ConsentPurpose
from app.people.models import Guardian

# Over the service account, whose follower the message names.
_OVER_ACCOUNT = ", ".join(
    f"'{channel.value}'"
    for channel in (
        Channel.OFFICIAL_SUBSCRIBE,
        Channel.OFFICIAL_TEMPLATE,
        Channel.CUSTOMER_SERVICE,
        Channel.MASS_SEND,
    )
)
# Only to followers; a 订阅通知 reaches others too (bizsend).
_TO_FOLLOWERS = ", ".join(
    f"'{channel.value}'"
    for channel in (Channel.OFFICIAL_TEMPLATE, Channel.CUSTOMER_SERVICE, Channel.MASS_SEND)
)
_FOLLOWER = (
    "LEFT JOIN wechat_identity i ON i.app = 'official' AND i.openid = m.openid"
    " AND i.guardian_id = m.recipient_id"
)


async def unwanted_reminders(*, message_ids: Sequence[int]) -> dict[int, Reason]:
    """Return which of these reminders to cadres must not be sent any more, for reasons of the cadre himself.

    No scope: the worker asks before it writes to them.
    """
    some = ", ".join(map(str, message_ids))
    rows = await sql.fetch(
        f"SELECT m.id, CASE WHEN c.status <> %s THEN '{Reason.LEFT_OFFICE.value}'"
        f" ELSE '{Reason.NOT_BOUND.value}' END AS reason"
        " FROM message m JOIN cadre c ON c.id = m.recipient_id"
        " LEFT JOIN wechat_identity i ON i.app = 'mini' AND i.openid = m.openid"
        " AND i.cadre_id = m.recipient_id"
        f" WHERE m.id IN ({some}) AND (i.id IS NULL OR c.status <> %s) ORDER BY m.id LIMIT %s",
        (CadreStatus.ACTIVE.value, CadreStatus.ACTIVE.value, len(message_ids)),
    )
    return {row["id"]: Reason(row["reason"]) for row in rows}


async def unwanted_notices(*, message_ids: Sequence[int], now: datetime) -> dict[int, Reason]:
    """Return which of these notices to guardians must not be sent any more by the way they have, and why.

    No scope: the worker asks before it writes to them.

    Args:
        message_ids: one chunk of a sender.
        now: when; a call needs a cadre on this day.
    """
    some, today = ", ".join(map(str, message_ids)), china_date(now)
    agreed = (
        "EXISTS (SELECT 1 FROM consent k WHERE k.guardian_id = g.id AND k.purpose = %s"
        f" AND k.channel = CASE WHEN m.channel = '{Channel.SMS.value}' THEN '{ConsentChannel.SMS.value}'"
        f" ELSE '{ConsentChannel.OFFICIAL_TEMPLATE.value}' END AND k.withdrawn_at IS NULL)"
    )
    without = f"'{Channel.OFFICIAL_SUBSCRIBE.value}', '{Channel.CALL_TASK.value}'"
    rows = await sql.fetch(
        "SELECT id, reason FROM (SELECT m.id,"
        f" CASE WHEN m.channel IN ({_OVER_ACCOUNT}) AND i.id IS NULL THEN '{Reason.NOT_BOUND.value}'"
        f" WHEN g.muted_at IS NOT NULL THEN '{Reason.MUTED.value}'"
        f" WHEN m.channel IN ({_TO_FOLLOWERS}) AND i.follows = 0 THEN '{Reason.NOT_FOLLOWING.value}'"
        f" WHEN m.channel NOT IN ({without}) AND NOT {agreed} THEN '{Reason.NO_CONSENT.value}'"
        f" WHEN m.channel = 'sms' AND g.phone IS NULL THEN '{Reason.NO_PHONE.value}'"
        f" WHEN m.channel = 'call_task' AND NOT EXISTS ({CALLABLE} AND s.guardian_id = g.id)"
        f" THEN '{Reason.NO_CADRE.value}' END AS reason"
        f" FROM message m JOIN guardian g ON g.id = m.recipient_id {_FOLLOWER}"
        # A driver in Python pays for every row, and nearly all of them are still wanted.
        f" WHERE m.id IN ({some})) judged WHERE reason IS NOT NULL ORDER BY id LIMIT %s",
        (ConsentPurpose.POLICY_NOTICE.value, today, today, today, today, len(message_ids)),
    )
    return {row["id"]: Reason(row["reason"]) for row in rows}


async def unconcerned(*, campaign: Campaign, message_ids: Sequence[int]) -> dict[int, Reason]:
    """Return which of these notices the policy concerns no longer: granted, applied for, or refused since.

    No scope: the worker asks before it writes to them.
    """
    policy = policy_of(campaign)
    if policy is None or not message_ids:
        return {}
    rows = await sql.fetch(
        f"SELECT m.id FROM message m WHERE m.id IN ({', '.join(map(str, message_ids))})"
        f" AND NOT EXISTS ({CONCERNED} WHERE s.guardian_id = m.recipient_id) ORDER BY m.id LIMIT %s",
        (*policy, len(message_ids)),
    )
    return {row["id"]: Reason.NO_GAP for row in rows}


async def phones_of(*, guardian_ids: Sequence[int]) -> dict[int, str]:
    """Return the number to which a short message goes, by guardian; who has none is left out.

    No scope: the worker asks for the one try that it is about to make.
    """
    found = await (
        Guardian.filter(id__in=list(guardian_ids), phone_index__isnull=False)
        .order_by("id")
        .limit(len(guardian_ids))
        .values_list("id", "phone")
    )
    return {row[0]: row[1] for row in found if row[1]}


async def unwanted_greetings(*, message_ids: Sequence[int], since: date, now: datetime) -> dict[int, Reason]:
    """Return which of these greetings must not be sent any more, and why.

    No scope: the worker asks before it writes to them.

    Args:
        message_ids: one chunk of a sender.
        since: the day since which somebody who was reached in person needs no greeting.
        now: when.
    """
    some, today = ", ".join(map(str, message_ids)), china_date(now)
    family = "SELECT 1 FROM guardianship s JOIN beneficiary b ON b.id = s.beneficiary_id"
    rows = await sql.fetch(
        f"SELECT id, reason FROM (SELECT m.id, CASE WHEN i.id IS NULL THEN '{Reason.NOT_BOUND.value}'"
        f" WHEN g.muted_at IS NOT NULL THEN '{Reason.MUTED.value}'"
        f" WHEN i.follows = 0 THEN '{Reason.NOT_FOLLOWING.value}'"
        " WHEN NOT EXISTS (SELECT 1 FROM consent k WHERE k.guardian_id = g.id AND k.purpose = %s"
        f" AND k.channel = %s AND k.withdrawn_at IS NULL) THEN '{Reason.NO_CONSENT.value}'"
        f" WHEN EXISTS ({family} WHERE s.guardian_id = g.id AND b.muted_until >= %s"
        f" AND b.mute_reason = '{BEREAVEMENT}') THEN '{Reason.BEREAVEMENT.value}'"
        f" WHEN EXISTS ({family} WHERE s.guardian_id = g.id AND b.muted_until >= %s)"
        f" THEN '{Reason.MUTED.value}'"
        f" WHEN NOT EXISTS ({family} WHERE s.guardian_id = g.id AND b.status = 'active')"
        f" THEN '{Reason.NOTHING_DUE.value}'"
        f" WHEN EXISTS ({family} JOIN pairing p ON p.beneficiary_id = b.id"
        " JOIN contact t ON t.pairing_id = p.id AND t.occurred_on >= %s AND t.undone_at IS NULL"
        f" AND t.outcome <> 'tried' WHERE s.guardian_id = g.id) THEN '{Reason.ALREADY_REACHED.value}'"
        " END AS reason"
        f" FROM message m JOIN guardian g ON g.id = m.recipient_id {_FOLLOWER}"
        # A driver in Python pays for every row, and nearly all of them are still wanted.
        f" WHERE m.id IN ({some})) judged WHERE reason IS NOT NULL ORDER BY id LIMIT %s",
        (
            ConsentPurpose.FESTIVAL_GREETING.value,
            ConsentChannel.MASS_SEND.value,
            *(today, today),
            since,
            len(message_ids),
        ),
    )
    return {row["id"]: Reason(row["reason"]) for row in rows}
