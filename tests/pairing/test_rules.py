"""Periods, dates, and verdicts over lists."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pairing.enums import PairingOutcome, PairingRefusal
from app.pairing.rules import (
    BeneficiaryFacts,
    CadreFacts,
    KnownPairing,
    PairingFacts,
    Period,
    WantedPairing,
    end_refusal,
    judge_pairings,
    rotation_due_on,
)
from app.people.enums import BeneficiaryStatus, CadreStatus, EligibilityReason
from app.people.rules import Eligibility
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG

TODAY = date(2026, 5, 17)
LIU, WANG = 1, 2
SUN, ZHAO, OF_THE_CITY, OF_THE_PROVINCE, RETIRED = 11, 12, 13, 14, 15

days = st.dates(date(2025, 1, 1), date(2025, 3, 1))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    started_on = draw(days)
    length = draw(st.none() | st.integers(0, 40))
    return Period(started_on, None if length is None else started_on + timedelta(days=length))


def facts(**changes: Any) -> PairingFacts:
    eligible = BeneficiaryFacts(LIXIA, BeneficiaryStatus.ACTIVE, Eligibility())
    made: dict[str, Any] = {
        "beneficiaries": {LIU: eligible, WANG: eligible},
        "cadres": {
            SUN: CadreFacts(LIXIA, CadreStatus.ACTIVE),
            ZHAO: CadreFacts(SHIZHONG, CadreStatus.ACTIVE),
            OF_THE_CITY: CadreFacts(JINAN, CadreStatus.ACTIVE),
            OF_THE_PROVINCE: CadreFacts(SHANDONG, CadreStatus.ACTIVE),
            RETIRED: CadreFacts(LIXIA, CadreStatus.RETIRED),
        },
        "pairings": {},
    }
    return PairingFacts(**made | changes)


def refusal(wanted: WantedPairing, **changes: Any) -> PairingRefusal | None:
    (verdict,) = judge_pairings([wanted], facts=facts(**changes), today=TODAY)
    return verdict.refusal


@given(periods(), periods())
def test_periods_overlap_exactly_when_they_share_a_day(one: Period, other: Period) -> None:
    window = [date(2025, 1, 1) + timedelta(days=number) for number in range(120)]

    shared = any(one.covers(day) and other.covers(day) for day in window)

    assert one.overlaps(other) is other.overlaps(one) is shared


@pytest.mark.parametrize("cadre", [SUN, OF_THE_CITY, OF_THE_PROVINCE])
def test_a_county_pairs_with_its_own_cadres_and_with_those_above_it(cadre: int) -> None:
    assert refusal(WantedPairing(LIU, cadre, TODAY)) is None


def test_a_cadre_of_the_county_next_door_is_unknown_here() -> None:
    assert refusal(WantedPairing(LIU, ZHAO, TODAY)) is PairingRefusal.CADRE_UNKNOWN


def test_a_retired_cadre_takes_nobody_new() -> None:
    assert refusal(WantedPairing(LIU, RETIRED, TODAY)) is PairingRefusal.CADRE_NOT_ACTIVE


@pytest.mark.parametrize(
    ("started_on", "expected"),
    [
        (date(2024, 1, 16), PairingRefusal.START_TOO_EARLY),
        (date(2024, 1, 17), None),
        (TODAY + timedelta(days=366), None),
        (TODAY + timedelta(days=367), PairingRefusal.START_TOO_LATE),
    ],
)
def test_a_pairing_starts_between_the_schemes_beginning_and_a_year_ahead(
    started_on: date, expected: PairingRefusal | None
) -> None:
    assert refusal(WantedPairing(LIU, SUN, started_on)) is expected


def test_every_reason_against_a_person_is_told_at_once() -> None:
    person = BeneficiaryFacts(
        LIXIA,
        BeneficiaryStatus.ACTIVE,
        Eligibility(failed=(EligibilityReason.GRADE_NOT_SEVERE, EligibilityReason.NOT_ON_RELIEF)),
    )

    (verdict,) = judge_pairings(
        [WantedPairing(LIU, SUN, TODAY)], facts=facts(beneficiaries={LIU: person}), today=TODAY
    )

    assert verdict.refusal is PairingRefusal.NOT_ELIGIBLE
    assert verdict.reasons == ("残疾等级不是一级或二级", "没有享受低保或特困供养")


def test_nobody_is_paired_with_the_dead() -> None:
    person = BeneficiaryFacts(LIXIA, BeneficiaryStatus.DECEASED, Eligibility())

    assert refusal(WantedPairing(LIU, SUN, TODAY), beneficiaries={LIU: person}) is PairingRefusal.NOT_ELIGIBLE


def test_the_next_pairing_may_begin_on_the_day_the_last_one_ends() -> None:
    past = {LIU: [KnownPairing(OF_THE_CITY, Period(date(2025, 1, 1), TODAY))]}

    assert refusal(WantedPairing(LIU, SUN, TODAY), pairings=past) is None
    assert (
        refusal(WantedPairing(LIU, SUN, TODAY - timedelta(days=1)), pairings=past) is PairingRefusal.OVERLAPS
    )


def test_a_pairing_planned_for_later_stands_in_the_way_too() -> None:
    planned = {LIU: [KnownPairing(OF_THE_CITY, Period(date(2026, 7, 1)))]}

    assert refusal(WantedPairing(LIU, SUN, TODAY), pairings=planned) is PairingRefusal.OVERLAPS


def test_of_two_lines_for_one_person_the_first_wins() -> None:
    wanted = [
        WantedPairing(LIU, SUN, TODAY),
        WantedPairing(LIU, OF_THE_CITY, TODAY),
        WantedPairing(WANG, SUN, TODAY),
    ]

    verdicts = judge_pairings(wanted, facts=facts(), today=TODAY)

    assert [verdict.outcome for verdict in verdicts] == [
        PairingOutcome.STARTS,
        PairingOutcome.REFUSED,
        PairingOutcome.STARTS,
    ]


def test_a_pairing_that_exists_exactly_so_is_left_alone() -> None:
    same = {LIU: [KnownPairing(SUN, Period(TODAY))]}

    (verdict,) = judge_pairings([WantedPairing(LIU, SUN, TODAY)], facts=facts(pairings=same), today=TODAY)

    assert verdict.outcome is PairingOutcome.ALREADY


@pytest.mark.parametrize(
    ("ended_on", "allowed"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 4, 1), True),
        (date(2026, 4, 2), False),
    ],
)
def test_an_end_that_is_set_moves_forward_only(ended_on: date, allowed: bool) -> None:
    period = Period(date(2026, 1, 1), date(2026, 4, 1))

    assert (end_refusal(period, ended_on=ended_on, today=TODAY) is None) is allowed


def test_an_end_more_than_a_year_ahead_is_a_slip() -> None:
    period = Period(date(2026, 1, 1))

    assert end_refusal(period, ended_on=TODAY + timedelta(days=366), today=TODAY) is None
    assert end_refusal(period, ended_on=TODAY + timedelta(days=367), today=TODAY) is not None


@pytest.mark.parametrize(
    ("started_on", "due_on"),
    [(date(2024, 2, 1), date(2026, 2, 1)), (date(2024, 2, 29), date(2026, 2, 28))],
)
def test_a_cadre_is_due_to_change_after_two_years(started_on: date, due_on: date) -> None:
    assert rotation_due_on(started_on) == due_on
