"""What WeChat tells about many messages at once, after a campaign: a few statements for all of them."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core import sql
from app.messaging.enums import MessageState, Reason
from app.messaging.rules.ends import end_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How one message ended.

    Args:
        msgid: WeChat's name of the message.
        delivered: whether it reached the phone.
        status: WeChat's word for a failure, without blanks: `failed:userblock`.
    """

    msgid: str
    delivered: bool
    status: str | None


async def apply_receipts(*, receipts: Sequence[Receipt], now: datetime) -> set[str]:
    """Write down how up to a few hundred messages ended, and return the names of those that we know.

    As `apply_receipt` for each, in the order given: told twice, or told after the end, it changes nothing.
    Joins the transaction of the caller.
    """
    if not receipts:
        return set()
    first: dict[str, Receipt] = {}
    for receipt in receipts:
        first.setdefault(receipt.msgid, receipt)
    ends = defaultdict[tuple[MessageState, Reason | None], list[str]](list)
    for msgid, receipt in sorted(first.items()):
        ends[end_of(delivered=receipt.delivered, status=receipt.status)].append(msgid)
    # One statement for those that arrived, one for each of the two reasons why others did not.
    for (state, reason), msgids in sorted(ends.items(), key=lambda end: end[0][0].value):
        await sql.execute(
            "UPDATE message SET state = %s, reason = %s, settled_at = %s"
            f" WHERE wechat_msgid IN ({sql.marks(len(msgids))}) AND channel <> 'mass_send'"
            " AND state IN ('sent', 'held', 'unknown')",
            (state.value, reason.value if reason else None, now, *msgids),
        )
    rows = await sql.fetch(
        f"SELECT DISTINCT wechat_msgid FROM message WHERE wechat_msgid IN ({sql.marks(len(first))})"
        " AND channel <> 'mass_send' ORDER BY wechat_msgid",
        sorted(first),
    )
    return {row["wechat_msgid"] for row in rows}
