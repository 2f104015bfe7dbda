"""Whatever is done in whatever order: nobody has two cadres, nobody is lost, and nothing vanishes."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise.contrib.test import truncate_all_models

from app.accounts.rules import Scope
from app.contacts.models import Contact
from app.contacts.operations import record_contact
from app.contacts.rules import Tap
from app.core.clock import china_date
from app.core.errors import AppError
from app.core.pagination import PageQuery
from app.pairing import operations
from app.pairing.enums import EndReason, HandoverState
from app.pairing.models import Handover, Pairing
from app.pairing.operations import Move
from app.pairing.queries.handovers import waiting_in
from app.people.enums import BeneficiaryStatus, CadreStatus
from app.people.models import Beneficiary
from tests.conftest import NOW
from tests.contacts.factories import fresh_client_id
from tests.pairing.factories import LIXIA_STAFF, ZHOU
from tests.people.factories import make_beneficiary, make_cadre

pytestmark = pytest.mark.usefixtures("db")
PEOPLE, CADRES = 2, 3
# What hands over comes more often than what ends, or little would be left to hand over.
DEEDS = (
    *("plan", "plan", "plan", "accept", "decline", "decline", "undo", "undo", "tap", "wait"),
    *("start", "end", "close", "status"),
)


@dataclass(frozen=True)
class Step:
    """One deed, about one of the people, one of the cadres and some day ahead."""

    deed: str
    person: int
    cadre: int
    days: int


steps = st.lists(
    st.builds(
        Step,
        deed=st.sampled_from(DEEDS),
        person=st.integers(0, PEOPLE - 1),
        cadre=st.integers(0, CADRES - 1),
        days=st.integers(0, 20),
    ),
    min_size=8,
    max_size=16,
)


class County:
    """Two families, three cadres, and a clock; every deed may be refused, and none may break anything."""

    def __init__(self, people: list[int], cadres: list[int]) -> None:
        self.people, self.cadres, self.now = people, cadres, NOW
        self.contacts: dict[int, tuple[int, int]] = {}
        self.over: dict[int, tuple[int, date, date | None]] = {}

    @property
    def today(self) -> date:
        return china_date(self.now)

    async def do(self, step: Step) -> None:
        before = await self._with_somebody()
        with suppress(AppError):
            await getattr(self, f"_{step.deed}")(step, self.people[step.person], self.cadres[step.cadre])
        if step.deed in {"plan", "accept", "decline", "undo"}:
            # A hand-over moves a family; it never leaves one behind.
            assert await self._with_somebody() == before

    async def _with_somebody(self) -> set[int]:
        found = await Pairing.filter(open_beneficiary_id__not_isnull=True)
        return {one.beneficiary_id for one in found}

    async def _start(self, step: Step, person: int, cadre: int) -> None:
        await operations.start_pairing(
            scope=LIXIA_STAFF, beneficiary_id=person, cadre_id=cadre,
            started_on=self.today + timedelta(days=step.days - 5), actor=ZHOU, now=self.now,
        )  # fmt: skip

    async def _plan(self, step: Step, person: int, cadre: int) -> None:
        open_one = await Pairing.get_or_none(open_beneficiary_id=person)
        await operations.plan_handovers(
            scope=LIXIA_STAFF, moves=[Move(pairing_id=open_one.id if open_one else 1, cadre_id=cadre)],
            changes_on=self.today + timedelta(days=step.days), overlap_days=7, reason=EndReason.ROTATION,
            actor=ZHOU, now=self.now,
        )  # fmt: skip

    async def _latest(self, person: int) -> Handover:
        found = Handover.filter(beneficiary_id=person, state__in=[HandoverState.PLANNED,
                                HandoverState.ACCEPTED])  # fmt: skip
        return await found.order_by("-id").first() or Handover(id=0, to_cadre_id=0)

    async def _accept(self, step: Step, person: int, cadre: int) -> None:
        plan = await self._latest(person)
        await operations.accept_handover(
            scope=Scope(cadre_id=plan.to_cadre_id), handover_id=plan.id, actor=ZHOU, now=self.now
        )

    async def _decline(self, step: Step, person: int, cadre: int) -> None:
        plan = await self._latest(person)
        await operations.decline_handover(
            scope=Scope(cadre_id=plan.to_cadre_id), handover_id=plan.id, reason="太远", actor=ZHOU,
            now=self.now,
        )  # fmt: skip

    async def _undo(self, step: Step, person: int, cadre: int) -> None:
        plan = await self._latest(person)
        await operations.undo_handover(scope=LIXIA_STAFF, handover_id=plan.id, actor=ZHOU, now=self.now)

    async def _end(self, step: Step, person: int, cadre: int) -> None:
        found = await Pairing.filter(beneficiary_id=person).order_by("-id").first()
        await operations.end_pairing(
            scope=LIXIA_STAFF, pairing_id=found.id if found else 0,
            ended_on=self.today + timedelta(days=step.days), reason=EndReason.LEFT, actor=ZHOU, now=self.now,
        )  # fmt: skip

    async def _close(self, step: Step, person: int, cadre: int) -> None:
        status = CadreStatus.ACTIVE if step.days % 2 else CadreStatus.LEFT
        await operations.change_cadre_status(
            scope=LIXIA_STAFF, cadre_id=cadre, status=status, goes_on=False, actor=ZHOU, now=self.now
        )

    async def _status(self, step: Step, person: int, cadre: int) -> None:
        await operations.note_status(
            scope=LIXIA_STAFF, beneficiary_id=person, status=list(BeneficiaryStatus)[step.days % 4],
            on=self.today, actor=ZHOU, now=self.now,
        )  # fmt: skip

    async def _tap(self, step: Step, person: int, cadre: int) -> None:
        own = await Pairing.filter(beneficiary_id=person, cadre_id=cadre).order_by("-id").first()
        tap = Tap(client_id=fresh_client_id(), pairing_id=own.id if own else 0)
        recorded = await record_contact(scope=Scope(cadre_id=cadre), tap=tap, now=self.now)
        self.contacts[recorded.record.id] = (cadre, recorded.record.pairing_id)

    async def _wait(self, step: Step, person: int, cadre: int) -> None:
        self.now += timedelta(days=step.days)

    async def check(self) -> None:
        pairings = await Pairing.all().order_by("id")
        waiting, _ = await waiting_in(scope=LIXIA_STAFF, page=PageQuery(limit=200), day=self.today)
        in_register = {one.id for one in await Beneficiary.filter(status=BeneficiaryStatus.ACTIVE)}
        for person in self.people:
            theirs = [one for one in pairings if one.beneficiary_id == person]
            for day in (self.today + timedelta(days=ahead) for ahead in range(45)):
                assert sum(covers(one, day) for one in theirs) <= 1
            has_one = any(covers(one, self.today) for one in theirs)
            stands = person in [one.id for one in waiting]
            assert (has_one != stands) if person in in_register else not stands
        for one in pairings:
            if covers(one, self.today):
                cadre = await one.cadre
                assert cadre.status is CadreStatus.ACTIVE
        self._nothing_vanished(pairings)
        kept = await Contact.filter(id__in=list(self.contacts)).values_list("id", "cadre_id", "pairing_id")
        assert {row[0]: (row[1], row[2]) for row in kept} == self.contacts

    def _nothing_vanished(self, pairings: list[Pairing]) -> None:
        """What was over stays as it was."""
        now_over: dict[int, tuple[int, date, date | None]] = {
            one.id: (one.cadre_id, one.started_on, one.ended_on)
            for one in pairings
            if one.ended_on is not None and one.ended_on < self.today - timedelta(days=3)
        }
        assert {key: now_over.get(key) for key in self.over} == self.over
        self.over = now_over


def covers(pairing: Pairing, day: date) -> bool:
    return pairing.started_on <= day and (pairing.ended_on is None or day < pairing.ended_on)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=steps)
async def test_no_family_falls_between_two_cadres_whatever_happens(deeds: list[Step]) -> None:
    await truncate_all_models()
    people = [(await make_beneficiary()).id for _ in range(PEOPLE)]
    cadres = [(await make_cadre()).id for _ in range(CADRES)]
    county = County(people, cadres)
    for step in (Step("start", 0, 0, 5), Step("start", 1, 0, 5), *deeds):
        await county.do(step)
        await county.check()
