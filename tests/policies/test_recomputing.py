"""The register judged a stretch at a time: what is written, what is not, and who may work at once."""

import asyncio
from collections import Counter
from datetime import date, timedelta

import pytest

from app.accounts.rules import Scope
from app.audit.enums import ActorKind
from app.audit.operations import Actor
from app.people.enums import BeneficiaryStatus, Relief
from app.people.models import Beneficiary
from app.policies.enums import PolicyState, Step, Verdict
from app.policies.models import (
    Entitlement,
    EntitlementCheck,
    EntitlementRound,
    EntitlementTally,
    PersonFact,
    PolicyStep,
)
from app.policies.operations import answer_fact, recompute_step
from app.policies.queries.entitlements import round_progress
from app.policies.rules.facts import Answer
from tests.accounts.factories import LIXIA, SHIZHONG
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_cadre
from tests.policies.factories import DIBAO, SEVERE, flag, make_policy

pytestmark = pytest.mark.usefixtures("db")
CARE = {"when": {"all": [SEVERE, {"not": flag("injury_care_fee")}]}}


async def recompute(*, people: int = 500, days: int = 0, minutes: int = 0) -> int:
    """Go on until nobody waits, and return how many were judged."""
    now, total = NOW + timedelta(days=days, minutes=minutes), 0
    while done := await recompute_step(now=now, people=people):
        total += done
    return total


async def verdicts() -> dict[tuple[int, str], str]:
    rows = await Entitlement.all().order_by("id")
    return {(row.beneficiary_id, row.policy_key): row.verdict.value for row in rows}


async def answer(person: Beneficiary, key: str, value: str) -> None:
    await PersonFact.create(
        beneficiary_id=person.id, fact=key, value=value, said_by="cadre", said_by_id=1, said_at=NOW
    )


async def test_without_policies_nothing_is_done() -> None:
    await make_beneficiary()

    assert await recompute() == 0
    assert await EntitlementRound.all().count() == 0


async def test_only_what_is_to_be_said_is_written() -> None:
    await make_policy(policy_key="care", rules=CARE)
    await make_policy(policy_key="med", rules={"when": DIBAO})
    await make_policy(policy_key="bus", rules={"when": SEVERE}, access="certificate")
    await make_policy(policy_key="device", rules={"when": flag("needs_device")})
    liu = await make_beneficiary()
    zhang = await make_beneficiary(relief=Relief.NONE, grade=3)

    await recompute()

    assert await verdicts() == {(liu.id, "care"): Verdict.TO_VERIFY, (liu.id, "med"): Verdict.GAP}
    care = await Entitlement.get(policy_key="care")
    assert (care.missing, care.because, care.region_code) == ("injury_care_fee", "", LIXIA)
    assert (await EntitlementCheck.get(beneficiary_id=liu.id)).questions == "injury_care_fee"
    assert (await EntitlementCheck.get(beneficiary_id=zhang.id)).questions == ""


async def test_what_is_known_and_what_was_found_out_counts() -> None:
    await make_policy(policy_key="care", rules=CARE)
    await make_policy(policy_key="med")
    liu = await make_beneficiary()
    await answer(liu, "injury_care_fee", "false")
    await PolicyStep.create(
        beneficiary_id=liu.id,
        policy_key="med",
        step=Step.RECEIVED,
        said_by="cadre",
        said_by_id=1,
        said_at=NOW,
    )

    await recompute()

    assert await verdicts() == {(liu.id, "care"): Verdict.GAP, (liu.id, "med"): Verdict.RECEIVED}


async def test_a_round_goes_on_where_it_stopped_and_tells_its_progress() -> None:
    await make_policy()
    people = [await make_beneficiary() for _ in range(5)]

    assert await recompute_step(now=NOW, people=2) == 2
    midway = await round_progress()
    await recompute(people=2)
    end = await round_progress()

    assert midway
    assert end
    assert (midway.people, midway.position, midway.last_id) == (2, people[1].id, people[4].id)
    assert midway.finished_at is None
    assert (end.people, end.changed, end.is_whole) == (5, 5, True)
    assert end.finished_at == NOW
    assert await Entitlement.all().count() == 5


async def test_nothing_is_done_twice_on_one_day() -> None:
    await make_policy()
    await make_beneficiary()
    await recompute()

    assert await recompute() == 0


async def test_whom_the_register_changed_is_judged_by_the_next_short_round() -> None:
    await make_policy(policy_key="med", rules={"when": DIBAO})
    liu, zhang = await make_beneficiary(), await make_beneficiary()
    await recompute()
    later = NOW + timedelta(minutes=3)
    await Beneficiary.filter(id=liu.id).update(relief=Relief.NONE, updated_at=later)

    assert await recompute(minutes=4) == 0
    await recompute(minutes=6)

    assert await verdicts() == {(zhang.id, "med"): Verdict.GAP}
    last = await EntitlementRound.all().order_by("-id").first()
    assert last
    assert (last.is_whole, last.people, last.changed) == (False, 1, 1)


async def test_a_new_version_is_applied_to_everybody_at_once() -> None:
    await make_policy(policy_key="med", rules={"when": DIBAO})
    await make_beneficiary()
    await recompute()
    second = await make_policy(
        policy_key="med", version=2, rules={"when": flag("employed")}, valid_from=date(2026, 5, 17)
    )

    await recompute(minutes=1)

    row = await Entitlement.get()
    assert (row.policy_id, row.verdict) == (second.id, Verdict.TO_VERIFY)


async def test_a_version_of_a_later_day_waits_for_it() -> None:
    await make_policy(policy_key="med", rules={"when": DIBAO})
    await make_policy(
        policy_key="med", version=2, rules={"when": flag("employed")}, valid_from=date(2026, 5, 19)
    )
    await make_beneficiary()
    await recompute()
    assert (await Entitlement.get()).verdict is Verdict.GAP

    await recompute(days=1)
    assert (await Entitlement.get()).verdict is Verdict.GAP

    await recompute(days=2)
    assert (await Entitlement.get()).verdict is Verdict.TO_VERIFY


async def test_rows_of_a_withdrawn_policy_go() -> None:
    policy = await make_policy()
    await make_beneficiary()
    await recompute()
    await type(policy).filter(id=policy.id).update(state=PolicyState.WITHDRAWN, withdrawn_at=NOW)

    await recompute(minutes=1)

    assert await Entitlement.all().count() == 0


async def test_a_birthday_changes_the_verdict_on_its_day_and_is_told_of_before() -> None:
    await make_policy(policy_key="pension", rules={"when": {"fact": "age", "is": ">=", "value": 60}})
    liu = await make_beneficiary(born_on=date(1966, 5, 19))
    await recompute()
    assert await verdicts() == {}
    check = await EntitlementCheck.get(beneficiary_id=liu.id)
    assert (check.turns_age, check.turns_on) == (60, date(2026, 5, 19))

    await recompute(days=2)

    assert await verdicts() == {(liu.id, "pension"): Verdict.GAP}
    assert (await EntitlementCheck.get(beneficiary_id=liu.id)).turns_on is None


async def test_a_row_that_stays_keeps_its_number() -> None:
    await make_policy(policy_key="care", rules=CARE)
    liu = await make_beneficiary()
    await recompute()
    before = await Entitlement.get()
    await answer(liu, "injury_care_fee", "false")

    await recompute(days=1)

    after = await Entitlement.get()
    assert (after.id, before.verdict, after.verdict) == (before.id, Verdict.TO_VERIFY, Verdict.GAP)
    assert after.computed_at == NOW + timedelta(days=1)


async def test_where_nothing_changes_nothing_is_written_over() -> None:
    await make_policy()
    await make_beneficiary()
    await recompute()
    before = await Entitlement.get()

    await recompute(days=1)

    assert (await Entitlement.get()).computed_at == before.computed_at


@pytest.mark.parametrize("status", [BeneficiaryStatus.DECEASED, BeneficiaryStatus.MOVED_AWAY])
async def test_of_who_left_the_register_nothing_is_said(status: BeneficiaryStatus) -> None:
    await make_policy()
    liu = await make_beneficiary()
    await recompute()
    await Beneficiary.filter(id=liu.id).update(status=status, updated_at=NOW + timedelta(minutes=1))

    await recompute(minutes=6)

    assert await verdicts() == {}


async def test_the_counties_own_policy_is_for_its_people_alone() -> None:
    await make_policy(policy_key="insurance", org_code=LIXIA)
    liu = await make_beneficiary()
    await make_beneficiary(region_code=SHIZHONG)

    await recompute()

    assert await verdicts() == {(liu.id, "insurance"): Verdict.GAP}


async def test_workers_at_once_judge_everybody_once() -> None:
    await make_policy()
    for _ in range(12):
        await make_beneficiary()

    async def worker() -> None:
        for _ in range(12):
            await recompute_step(now=NOW, people=2)

    await asyncio.gather(worker(), worker(), worker())

    last = await EntitlementRound.all().order_by("-id").first()
    assert last
    assert (last.id, last.people, last.changed) == (1, 12, 12)
    assert await Entitlement.all().count() == 12


async def test_no_answer_is_lost_to_a_round_that_goes_on(clock: FixedClock) -> None:
    await make_policy(policy_key="care", rules=CARE)
    cadre = await make_cadre()
    people = [(await make_pairing(cadre=cadre)).beneficiary_id for _ in range(8)]

    async def worker() -> None:
        for minutes in range(0, 60, 6):
            await recompute(people=3, minutes=minutes)
            await Beneficiary.all().update(updated_at=NOW + timedelta(minutes=minutes))

    async def family(beneficiary_id: int) -> None:
        await answer_fact(
            scope=Scope(cadre_id=cadre.id),
            actor=Actor(kind=ActorKind.CADRE, id=cadre.id),
            beneficiary_id=beneficiary_id,
            answer=Answer(key="injury_care_fee", value=False),
            now=clock.now(),
        )

    await asyncio.gather(worker(), *(family(beneficiary_id) for beneficiary_id in people))

    assert await verdicts() == {(beneficiary_id, "care"): Verdict.GAP for beneficiary_id in people}
    assert await tally() == await recount()


async def test_the_tally_is_what_a_recount_says() -> None:
    await make_policy(policy_key="care", rules=CARE)
    med = await make_policy(policy_key="med", rules={"when": DIBAO})
    people = [await make_beneficiary(region_code=region) for region in (LIXIA, LIXIA, SHIZHONG)]
    await recompute()
    assert await tally() == await recount() != {}

    await answer(people[0], "injury_care_fee", "false")
    await Beneficiary.filter(id=people[1].id).update(region_code=SHIZHONG)
    await type(med).filter(id=med.id).update(state=PolicyState.WITHDRAWN, withdrawn_at=NOW)
    await recompute(days=1)

    assert await tally() == await recount() != {}


async def tally() -> dict[tuple[str, str, str, str], int]:
    rows = await EntitlementTally.filter(amount__not=0)
    return {(row.region_code, row.policy_key, row.verdict, row.step): row.amount for row in rows}


async def recount() -> dict[tuple[str, str, str, str], int]:
    rows = await Entitlement.all()
    return dict(Counter((row.region_code, row.policy_key, row.verdict.value, row.step) for row in rows))
