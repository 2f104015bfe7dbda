"""What a guardian agreed to on paper or by telephone (同意登记), and days on which a family has peace."""

from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.console.failures import Problem, console_router, problem_of
from app.console.forms import body_of, errors_by_field, typed
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import Invalid
from app.people import admin_api
from app.people.enums import ConsentChannel, ConsentPurpose, MuteReason
from app.people.models import Consent
from app.people.notices import SIGNED_TEXTS, signed_text
from app.people.queries import GuardianNotFound, consents_of
from app.people.rules import mute_end
from app.people.schemas import BeneficiaryAnswer, ConsentRequest, GuardianAnswer, MuteRequest

router = console_router()

_BETWEEN = ":"
_CONSENT_FIELDS = ("what", "evidence")
# In the order in which they are offered: the words that are read to the guardian, by purpose and channel.
_OFFERED = [
    (f"{purpose.value}{_BETWEEN}{channel.value}", purpose, channel, signed_text(purpose, channel))
    for purpose, channel in SIGNED_TEXTS
]


@router.get("/beneficiaries/{beneficiary_id}/guardians/{guardian_id}")
async def guardian(
    request: Request, beneficiary_id: RowId, guardian_id: RowId, caller: StaffDep, clock: ClockDep
) -> Response:
    """Show what one guardian agreed to, and the forms for agreeing and taking back."""
    person, looked_for = await _guardian_of(beneficiary_id, guardian_id, caller, clock)
    return await _page(request, person, looked_for, caller=caller)


@router.post("/beneficiaries/{beneficiary_id}/guardians/{guardian_id}/consents")
async def record(
    request: Request, beneficiary_id: RowId, guardian_id: RowId, caller: EditorDep, clock: ClockDep
) -> Response:
    """Write a consent down, or show the form again with what is wrong."""
    person, looked_for = await _guardian_of(beneficiary_id, guardian_id, caller, clock)
    values = await typed(request, _CONSENT_FIELDS)
    try:
        await admin_api.record_consent(guardian_id, _agreement(values), caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _page(request, person, looked_for, caller=caller, values=values, problem=problem)
    return go_on(f"/console/beneficiaries/{beneficiary_id}/guardians/{guardian_id}", done="consent_recorded")


@router.post("/beneficiaries/{beneficiary_id}/guardians/{guardian_id}/consents/withdraw")
async def withdraw(
    request: Request, beneficiary_id: RowId, guardian_id: RowId, caller: EditorDep, clock: ClockDep
) -> Response:
    """Write down that a consent is taken back, or show the page again with what is wrong."""
    person, looked_for = await _guardian_of(beneficiary_id, guardian_id, caller, clock)
    values = await typed(request, _CONSENT_FIELDS)
    try:
        await admin_api.withdraw_consent(guardian_id, _agreement(values), caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _page(request, person, looked_for, caller=caller, problem=problem)
    return go_on(f"/console/beneficiaries/{beneficiary_id}/guardians/{guardian_id}", done="consent_withdrawn")


def _agreement(values: Mapping[str, str]) -> ConsentRequest:
    purpose, _, channel = values["what"].partition(_BETWEEN)
    return body_of(ConsentRequest, {"purpose": purpose, "channel": channel, "evidence": values["evidence"]})


async def _guardian_of(
    beneficiary_id: int, guardian_id: int, caller: StaffCaller, clock: ClockDep
) -> tuple[BeneficiaryAnswer, GuardianAnswer]:
    person = await admin_api.show_beneficiary(beneficiary_id, caller, clock)
    found = next((one for one in person.guardians if one.id == guardian_id), None)
    if found is None:
        raise GuardianNotFound
    return person, found


def _labelled(consent: Consent) -> str:
    return f"{ConsentPurpose(consent.purpose).label}（{ConsentChannel(consent.channel).label}）"


async def _page(
    request: Request,
    person: BeneficiaryAnswer,
    looked_for: GuardianAnswer,
    *,
    caller: StaffCaller,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    consents = await consents_of(scope=caller.scope, guardian_id=looked_for.id)
    in_force = {f"{one.purpose}{_BETWEEN}{one.channel}" for one in consents if one.withdrawn_at is None}
    return page(
        request,
        "guardian.html",
        caller=caller,
        status=problem.status if problem else 200,
        person=person,
        guardian=looked_for,
        consents=[(one, _labelled(one), f"{one.purpose}{_BETWEEN}{one.channel}") for one in consents],
        offered=[one for one in _OFFERED if one[0] not in in_force],
        values=values or dict.fromkeys(_CONSENT_FIELDS, ""),
        problem=problem,
        errors=errors_by_field(problem),
    )


@router.get("/beneficiaries/{beneficiary_id}/mute")
async def mute_form(request: Request, beneficiary_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Show the form by which a family is left in peace."""
    person = await admin_api.show_beneficiary(beneficiary_id, caller, clock)
    values = {"reason": MuteReason.BEREAVEMENT.value, "until": ""}
    return _mute_page(request, person, caller=caller, clock=clock, values=values)


@router.post("/beneficiaries/{beneficiary_id}/mute")
async def mute(request: Request, beneficiary_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Leave a family in peace on festivals, or show the form again with what is wrong."""
    person = await admin_api.show_beneficiary(beneficiary_id, caller, clock)
    values = await typed(request, ("reason", "until"))
    try:
        body = body_of(MuteRequest, {name: value for name, value in values.items() if value})
        await admin_api.mute_beneficiary(beneficiary_id, body, caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return _mute_page(request, person, caller=caller, clock=clock, values=values, problem=problem)
    return go_on(f"/console/beneficiaries/{beneficiary_id}", done="muted")


@router.post("/beneficiaries/{beneficiary_id}/unmute")
async def unmute(beneficiary_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Let festive messages reach a family again."""
    await admin_api.unmute_beneficiary(beneficiary_id, caller, clock)
    return go_on(f"/console/beneficiaries/{beneficiary_id}", done="unmuted")


def _mute_page(
    request: Request,
    person: BeneficiaryAnswer,
    *,
    caller: StaffCaller,
    clock: ClockDep,
    values: Mapping[str, str],
    problem: Problem | None = None,
) -> Response:
    errors = errors_by_field(problem)
    if problem and not errors:
        errors = {"until": [problem.detail or problem.title]}
    today = china_date(clock.now())
    return page(
        request,
        "mute.html",
        caller=caller,
        status=problem.status if problem else 200,
        person=person,
        reasons=list(MuteReason),
        values=values,
        errors=errors,
        today=today,
        usual=mute_end(today=today, until=None),
    )
