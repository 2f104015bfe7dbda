"""The life of a need."""

from datetime import timedelta

import pytest

from app.needs.enums import OPEN_NEEDS, NeedAct, NeedState, Speaker
from app.needs.rules import STUCK_AFTER, is_stuck, level_above, may_take, state_after, step_refusal
from tests.conftest import NOW


@pytest.mark.parametrize("state", NeedState)
@pytest.mark.parametrize("act", NeedAct)
def test_a_settled_need_is_only_taken_up_again(state: NeedState, act: NeedAct) -> None:
    following = state_after(state, act)

    if not state.is_open and following is not None:
        assert (act, following) == (NeedAct.REOPENED, NeedState.OPEN)


def test_what_is_solved_or_closed_can_be_taken_up_again_and_what_was_withdrawn_cannot() -> None:
    assert state_after(NeedState.SOLVED, NeedAct.REOPENED) is NeedState.OPEN
    assert state_after(NeedState.CLOSED, NeedAct.REOPENED) is NeedState.OPEN
    assert state_after(NeedState.WITHDRAWN, NeedAct.REOPENED) is None


def test_only_an_answer_can_be_contradicted() -> None:
    contradicted = {state for state in NeedState if state_after(state, NeedAct.NOT_SOLVED)}

    assert contradicted == {NeedState.ANSWERED}


def test_only_the_family_says_that_nothing_was_solved_or_takes_its_words_back() -> None:
    for act in (NeedAct.NOT_SOLVED, NeedAct.WITHDRAWN):
        assert [speaker for speaker in Speaker if may_take(speaker, act)] == [Speaker.GUARDIAN]


def test_nobody_raises_a_need_a_second_time() -> None:
    assert not any(may_take(speaker, NeedAct.RAISED) for speaker in Speaker)


@pytest.mark.parametrize("speaker", [Speaker.CADRE, Speaker.STAFF])
@pytest.mark.parametrize("act", [NeedAct.CONFIRMED, NeedAct.CLOSED, NeedAct.ANSWERED, NeedAct.REOPENED])
def test_an_official_says_on_what_ground(speaker: Speaker, act: NeedAct) -> None:
    assert step_refusal(speaker, act, text=None, department=None) == f"“{act.label}”需要写一句说明"
    assert step_refusal(speaker, act, text="电话里说好了", department=None) is None


def test_the_family_confirms_without_a_word() -> None:
    assert step_refusal(Speaker.GUARDIAN, NeedAct.CONFIRMED, text=None, department=None) is None


def test_who_refers_a_need_names_the_department() -> None:
    refusal = step_refusal(Speaker.CADRE, NeedAct.REFERRED, text="请协助", department=None)

    assert refusal == "请填写转给哪个部门"


@pytest.mark.parametrize("state", NeedState)
def test_an_open_need_that_nobody_moved_for_a_month_is_stuck(state: NeedState) -> None:
    just_now = is_stuck(state, last_step_at=NOW - STUCK_AFTER + timedelta(seconds=1), now=NOW)
    long_ago = is_stuck(state, last_step_at=NOW - STUCK_AFTER, now=NOW)

    assert (just_now, long_ago) == (False, state in OPEN_NEEDS)


@pytest.mark.parametrize(("own", "above"), [("370102", "370100"), ("370100", "370000"), ("370000", "370000")])
def test_an_opinion_is_read_one_level_above(own: str, above: str) -> None:
    assert level_above(own) == above
