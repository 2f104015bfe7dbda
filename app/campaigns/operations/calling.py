"""What a cadre tells about a call that he was asked to make; one tap may record the contact too."""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.campaigns.queries.calling import CallDone, OwnCall, own_call
from app.contacts import operations as contacts
from app.contacts.enums import ContactChannel, ContactOutcome
from app.contacts.queries import recorded_tap
from app.contacts.rules import Tap
from app.core import sql
from app.messaging import operations as messaging
from app.messaging.enums import CallOutcome

_CONTACT_OUTCOMES = {
    CallOutcome.TOLD: ContactOutcome.REACHED_GUARDIAN,
    CallOutcome.DECLINED: ContactOutcome.REACHED_GUARDIAN,
    # An attempt is a record, not a contact.
    CallOutcome.NOT_REACHED: ContactOutcome.TRIED,
}


async def report_own_call(
    *,
    scope: Scope,
    message_id: int,
    client_id: str,
    outcome: CallOutcome,
    records_contact: bool,
    now: datetime,
) -> CallDone:
    """Write down what came of a call, and record the contact with the family if the cadre wants it.

    Both are one commit. The same report sent again changes nothing and records nothing.

    Args:
        scope: the cadre who called.
        message_id: which call.
        client_id: chosen by his phone once per report.
        outcome: what came of it.
        records_contact: whether it also stands in his contact records.
        now: when.

    Raises:
        CallTaskNotFound: it does not wait for this cadre.
        CallReportReused: the phone used this id for another report.
    """

    async def unit() -> CallDone:
        async with in_transaction():
            call = await own_call(scope=scope, message_id=message_id, now=now)
            reported = await messaging.report_call(
                message_id=message_id,
                cadre_id=scope.cadre_id or 0,
                client_id=client_id,
                outcome=outcome,
                is_own=call is not None,
                now=now,
            )
            contact = f"call-report-{reported.report_id}"
            if reported.is_new and records_contact and call is not None:
                await _record(scope, call, outcome, client_id=contact, now=now)
            recorded = await recorded_tap(scope=scope, client_id=contact)
        return CallDone(message=reported.message, contact_id=None if recorded is None else recorded.record.id)

    return await sql.retrying(unit)


async def _record(
    scope: Scope, call: OwnCall, outcome: CallOutcome, *, client_id: str, now: datetime
) -> None:
    tap = Tap(
        client_id=client_id,
        pairing_id=call.pairing_id,
        channel=ContactChannel.CALL,
        outcome=_CONTACT_OUTCOMES[outcome],
    )
    await contacts.record_contact(scope=scope, tap=tap, now=now)
