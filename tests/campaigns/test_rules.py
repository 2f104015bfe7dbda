"""When campaigns leave and end, and what binds an approval."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaigns.notices import festival_reminder, greeting_words, policy_notice, revealing_words
from app.campaigns.rules import (
    FestivalMissing,
    NotAFestivalDay,
    WrongTimes,
    content_hash,
    festival_keys,
    plan_of,
    stored_festivals,
)
from app.core.clock import china_moment
from app.festivals.enums import FestivalKey
from app.festivals.rules import FestivalOccasion, festival_occasions
from app.messaging.notices import fit
from app.messaging.rules import is_quiet
from tests.campaigns.factories import DRAGON_BOAT, greeting, notice, reminder
from tests.conftest import NOW


def test_a_send_time_that_has_passed_is_told_as_such() -> None:
    with pytest.raises(WrongTimes) as refused:
        plan_of(notice(send_at=NOW - timedelta(days=70)), days_ahead=7, now=NOW)

    assert refused.value.detail == "发送时间已经过去，请改成以后的时间，或者不填"
    just_typed = plan_of(notice(send_at=NOW - timedelta(minutes=3)), days_ahead=7, now=NOW)
    assert just_typed.send_at == NOW - timedelta(minutes=3)


def test_cadres_call_as_the_last_way_of_notices_only() -> None:
    assert plan_of(notice(), days_ahead=7, now=NOW).call_tasks
    assert not plan_of(notice(call_tasks=False), days_ahead=7, now=NOW).call_tasks
    assert not plan_of(reminder(), days_ahead=7, now=NOW).call_tasks
    assert not plan_of(greeting(), days_ahead=7, now=NOW).call_tasks


def test_a_reminder_starts_a_week_before_its_festival_at_nine_and_ends_with_the_day() -> None:
    plan = plan_of(reminder(), days_ahead=7, now=NOW)

    assert plan.send_at == china_moment(date(2026, 6, 12), 9)
    assert plan.expires_at == china_moment(DRAGON_BOAT, 21)


def test_a_reminder_composed_late_starts_at_once() -> None:
    now = china_moment(date(2026, 6, 17), 15)

    assert plan_of(reminder(), days_ahead=7, now=now).send_at == now


def test_festivals_on_one_day_are_one_occasion() -> None:
    now = china_moment(date(2031, 9, 1), 10)

    plan = plan_of(reminder(festival=FestivalKey.MID_AUTUMN), days_ahead=7, now=now)

    assert plan.occasion is not None
    assert set(plan.occasion.keys) == {FestivalKey.MID_AUTUMN, FestivalKey.NATIONAL_DAY}


def test_on_a_day_of_mourning_nobody_is_disturbed_in_the_morning_itself() -> None:
    now = china_moment(date(2026, 3, 20), 10)

    plan = plan_of(reminder(festival=FestivalKey.QINGMING), days_ahead=0, now=now)

    assert plan.send_at == china_moment(date(2026, 4, 4), 9)


@pytest.mark.parametrize(
    ("overrides", "error"),
    [
        ({"festival": None}, FestivalMissing),
        ({"festival_on": date(2026, 6, 20)}, NotAFestivalDay),
        ({"festival_on": date(2025, 5, 31)}, NotAFestivalDay),
        ({"festival_on": date(2099, 5, 31)}, NotAFestivalDay),
        ({"send_at": china_moment(DRAGON_BOAT, 22)}, WrongTimes),
        ({"expires_at": NOW}, WrongTimes),
        ({"urgent": True}, WrongTimes),
    ],
)
def test_a_reminder_that_makes_no_sense_is_refused(
    overrides: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        plan_of(reminder(**overrides), days_ahead=7, now=NOW)


def test_a_notice_starts_now_and_is_welcome_for_a_week() -> None:
    plan = plan_of(notice(), days_ahead=7, now=NOW)

    assert (plan.send_at, plan.expires_at) == (NOW, china_moment(date(2026, 5, 24), 21))


def test_a_notice_cannot_be_sent_for_months() -> None:
    with pytest.raises(WrongTimes):
        plan_of(notice(expires_at=NOW + timedelta(days=61)), days_ahead=7, now=NOW)


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=2024, max_value=2040), st.data())
def test_every_reminder_of_every_year_starts_and_ends_while_people_are_awake(
    days_ahead: int, year: int, data: st.DataObject
) -> None:
    occasion = data.draw(st.sampled_from(festival_occasions(year)))
    draft = reminder(festival=occasion.keys[0], festival_on=occasion.on)

    plan = plan_of(draft, days_ahead=days_ahead, now=china_moment(date(2024, 1, 1)))

    assert not is_quiet(max(plan.send_at, china_moment(date(2024, 1, 1), 9)))
    assert not is_quiet(plan.expires_at - timedelta(seconds=1))


def test_the_festivals_of_a_campaign_survive_their_column() -> None:
    keys = (FestivalKey.MID_AUTUMN, FestivalKey.NATIONAL_DAY)

    assert festival_keys(stored_festivals(keys)) == keys
    assert festival_keys("") == ()
    assert all(
        len(stored_festivals(one.keys)) <= 80 for y in range(2024, 2041) for one in festival_occasions(y)
    )


def test_every_word_changes_the_hash() -> None:
    content = {"title": "一", "text": "二"}

    assert content_hash(content) == content_hash(dict(reversed(content.items())))
    assert content_hash(content) != content_hash(content | {"text": "三"})
    assert content_hash(content) != content_hash({"title": "二", "text": "一"})


@pytest.mark.parametrize("year", range(2024, 2041))
def test_every_reminder_of_every_year_fits_its_template(year: int) -> None:
    for occasion in festival_occasions(year):
        text = festival_reminder(occasion=occasion, masked_names=["欧**德"] * 12)

        assert set(text.fields) == {"thing1", "thing2", "date3"}
        assert all(fit(name, value) == value for name, value in text.fields.items())
        assert not text.fields["thing1"].endswith("…")
        assert text.fields["thing2"] == "欧**德等12人"


def test_on_days_of_mourning_a_reminder_speaks_of_condolence() -> None:
    mourning = festival_reminder(
        occasion=FestivalOccasion(date(2026, 4, 5), (FestivalKey.QINGMING,)), masked_names=["王*四"]
    )
    festive = festival_reminder(
        occasion=FestivalOccasion(DRAGON_BOAT, (FestivalKey.DRAGON_BOAT,)), masked_names=["王*四"]
    )

    assert mourning.fields["thing1"] == "清明节前请联系，宜慰问"
    assert festive.fields == {"thing1": "端午节前请联系", "thing2": "王*四", "date3": "2026年6月19日"}


def test_a_notice_says_how_many_and_its_title_within_the_fields() -> None:
    text = policy_notice(title="关于发放冬季取暖补助资金有关事项以及办理时间的通知", on=date(2026, 5, 17))

    assert text.fields["thing1"] == "您有1条政策通知"
    assert len(text.fields["thing2"]) == 20
    assert text.fields["date3"] == "2026年5月17日"


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("残疾人两项补贴年审", ["残疾"]),
        ("困难重度残疾人慰问", ["困难", "重度", "残疾"]),
        ("低保、特困家庭补助", ["低保", "特困"]),
        ("一级肢体补助", ["一级", "肢体"]),
        ("编号37010219580312通知", ["37010219580312"]),
        ("两项补贴年审开始办理", []),
        ("2026年度年审须知", []),
    ],
)
def test_titles_that_tell_strangers_about_a_family_are_found(title: str, words: list[str]) -> None:
    assert revealing_words(title) == words


@pytest.mark.parametrize(
    ("text", "is_greeting"), [("端午安康", True), ("祝您节日快乐", True), ("两项补贴年审", False)]
)
def test_greetings_are_found(text: str, is_greeting: bool) -> None:
    assert bool(greeting_words(text)) is is_greeting
