"""Calls that a cadre is asked to make."""

from datetime import datetime

from app.campaigns.notices import call_sentence
from app.campaigns.queries.calling import CallDone, OwnCall
from app.core.bodies import AnswerBody, ClientId, RequestBody
from app.core.clock import CHINA, chinese_day
from app.messaging.enums import CallOutcome, MessageState, Reason
from app.messaging.notices import state_words
from app.people.rules import mask_name


class CallPerson(AnswerBody):
    """Somebody of the family, as lists show him."""

    name: str


class OwnCallAnswer(AnswerBody):
    """One call that waits: whom to call, what to tell in one sentence, and the notice in full."""

    id: int
    pairing_id: int
    guardian: CallPerson
    beneficiary: CallPerson
    sentence: str
    title: str
    text: str
    until: datetime
    tried: int

    @classmethod
    def of(cls, call: OwnCall) -> "OwnCallAnswer":
        """Show one call, the names masked."""
        guardian, beneficiary = mask_name(call.guardian_name), mask_name(call.beneficiary_name)
        end = call.until.astimezone(CHINA)
        return cls(
            id=call.id,
            pairing_id=call.pairing_id,
            guardian=CallPerson(name=guardian),
            beneficiary=CallPerson(name=beneficiary),
            sentence=call_sentence(
                guardian=guardian,
                beneficiary=beneficiary,
                title=call.title,
                until=f"{chinese_day(end.date())}{end:%H:%M}",
            ),
            title=call.title,
            text=call.text,
            until=call.until,
            tried=call.tried,
        )


class CallReportBody(RequestBody):
    """What came of a call. Without `record_contact: false` it is one of the contacts of the year as well.

    The phone chooses `client_id` once per report; without one, a day's failed calls count as one.
    """

    outcome: CallOutcome
    client_id: ClientId | None = None
    record_contact: bool = True


class CallDoneAnswer(AnswerBody):
    """How the call stands after a report."""

    id: int
    state: MessageState
    state_label: str
    reason: Reason | None
    reason_label: str | None
    contact_id: int | None

    @classmethod
    def of(cls, done: CallDone) -> "CallDoneAnswer":
        """Describe what a report came to."""
        message = done.message
        return cls(
            id=message.id,
            state=message.state,
            state_label=state_words(message.state, message.channel),
            reason=message.reason,
            reason_label=message.reason.label if message.reason else None,
            contact_id=done.contact_id,
        )
