from collections import Counter
from datetime import date, timedelta

import chinese_calendar
import pytest
from lunar_python import Lunar, LunarYear, Solar

from app.core.errors import Invalid
from app.festivals.enums import FestivalKey
from app.festivals.rules import (
    FIRST_YEAR,
    LAST_YEAR,
    FestivalOccasion,
    FestivalYearUnknown,
    festival_occasions,
    festivals_in_year,
    greetings_allowed,
    is_workday,
    next_occasions,
    published_workdays,
    workday_table,
)

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
LUNAR = {
    FestivalKey.LABA: (12, 8),
    FestivalKey.LITTLE_NEW_YEAR: (12, 23),
    FestivalKey.SPRING_FESTIVAL: (1, 1),
    FestivalKey.LANTERN: (1, 15),
    FestivalKey.DRAGON_BOAT: (5, 5),
    FestivalKey.QIXI: (7, 7),
    FestivalKey.GHOST: (7, 15),
    FestivalKey.MID_AUTUMN: (8, 15),
    FestivalKey.DOUBLE_NINTH: (9, 9),
}


def day_of(key: FestivalKey, year: int) -> date:
    (found,) = (festival.on for festival in festivals_in_year(year) if festival.key is key)
    return found


def theirs(lunar_year: int, month: int, day: int) -> date:
    return date.fromisoformat(Lunar.fromYmd(lunar_year, month, day).getSolar().toYmd())


def every_day(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=offset) for offset in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize("year", YEARS)
def test_lunar_days_agree_with_an_independent_calendar(year: int) -> None:
    expected = {
        key: [day for day in (theirs(year - 1, *rule), theirs(year, *rule)) if day.year == year]
        for key, rule in LUNAR.items()
    }

    assert {key: [day_of(key, year)] for key in LUNAR} == expected


@pytest.mark.parametrize("year", YEARS)
def test_the_eve_and_qingming_agree_with_an_independent_calendar(year: int) -> None:
    term = Lunar.fromYmd(year, 1, 1).getJieQiTable()["清明"]

    assert day_of(FestivalKey.NEW_YEAR_EVE, year) == theirs(year, 1, 1) - timedelta(days=1)
    assert day_of(FestivalKey.QINGMING, year) == date.fromisoformat(term.toYmd())


@pytest.mark.parametrize("year", YEARS)
def test_every_festival_comes_once_a_year_in_order(year: int) -> None:
    festivals = festivals_in_year(year)

    assert Counter(festival.key for festival in festivals) == Counter(FestivalKey)
    assert [festival.on for festival in festivals] == sorted(festival.on for festival in festivals)
    assert {festival.on.year for festival in festivals} == {year}


def test_a_leap_fifth_month_makes_no_second_dragon_boat_festival() -> None:
    assert LunarYear.fromYear(2028).getLeapMonth() == 5
    assert day_of(FestivalKey.DRAGON_BOAT, 2028) == date(2028, 5, 28)


def test_the_leap_eleventh_month_of_2033_moves_what_follows() -> None:
    assert day_of(FestivalKey.LABA, 2034) == date(2034, 1, 27)
    assert day_of(FestivalKey.LITTLE_NEW_YEAR, 2034) == date(2034, 2, 11)
    assert day_of(FestivalKey.NEW_YEAR_EVE, 2034) == date(2034, 2, 18)
    assert day_of(FestivalKey.SPRING_FESTIVAL, 2034) == date(2034, 2, 19)


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028, 2029, 2031, 2032])
def test_the_eve_stands_before_new_year_though_its_month_ends_on_the_29th(year: int) -> None:
    eve = day_of(FestivalKey.NEW_YEAR_EVE, year)

    assert Solar.fromYmd(eve.year, eve.month, eve.day).getLunar().getDay() == 29
    assert eve == day_of(FestivalKey.SPRING_FESTIVAL, year) - timedelta(days=1)


@pytest.mark.parametrize(
    ("year", "help_the_disabled", "deaf"),
    [
        (2024, date(2024, 5, 19), date(2024, 9, 22)),
        (2025, date(2025, 5, 18), date(2025, 9, 28)),
        (2026, date(2026, 5, 17), date(2026, 9, 27)),
        (2027, date(2027, 5, 16), date(2027, 9, 26)),
        (2033, date(2033, 5, 15), date(2033, 9, 25)),
        (2034, date(2034, 5, 21), date(2034, 9, 24)),
    ],
)
def test_days_of_the_week_are_counted_by_sundays(year: int, help_the_disabled: date, deaf: date) -> None:
    assert day_of(FestivalKey.HELP_THE_DISABLED, year) == help_the_disabled
    assert day_of(FestivalKey.DEAF, year) == deaf


def test_the_international_day_of_disabled_persons_is_the_third_of_december() -> None:
    assert day_of(FestivalKey.DISABLED_PERSONS, 2026) == date(2026, 12, 3)


@pytest.mark.parametrize("year", [2023, 2041, 1, 9999])
def test_a_year_outside_the_checked_calendar_is_refused_clearly(year: int) -> None:
    with pytest.raises(FestivalYearUnknown) as refusal:
        festivals_in_year(year)

    assert isinstance(refusal.value, Invalid)
    assert refusal.value.code == "festivals.year_unknown"
    assert str(year) in str(refusal.value)


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2031, 10, 1), "中秋节、国庆节"),
        (date(2031, 1, 1), "元旦、腊八节"),
        (date(2033, 6, 1), "端午节、儿童节"),
        (date(2033, 10, 1), "重阳节、国庆节"),
        (date(2026, 2, 17), "春节"),
    ],
)
def test_festivals_of_one_day_are_one_occasion(day: date, label: str) -> None:
    (occasion,) = (occasion for occasion in festival_occasions(day.year) if occasion.on == day)

    assert occasion.label == label


@pytest.mark.parametrize("year", YEARS)
def test_occasions_hold_every_festival_and_every_day_once(year: int) -> None:
    occasions = festival_occasions(year)

    assert len({occasion.on for occasion in occasions}) == len(occasions)
    assert [(occasion.on, key) for occasion in occasions for key in occasion.keys] == [
        (festival.on, festival.key) for festival in festivals_in_year(year)
    ]


def test_no_greetings_on_days_of_mourning() -> None:
    silent = {festival.key for festival in festivals_in_year(2026) if not greetings_allowed(festival)}

    assert silent == {FestivalKey.QINGMING, FestivalKey.GHOST}


def test_mourning_prevails_when_another_day_falls_on_it() -> None:
    both = FestivalOccasion(date(2026, 8, 25), (FestivalKey.GHOST, FestivalKey.DISABILITY_PREVENTION))

    assert not greetings_allowed(both)


def test_the_next_occasions_begin_today_and_cross_the_year() -> None:
    occasions = next_occasions(date(2026, 12, 3), count=4)

    assert [occasion.label for occasion in occasions] == ["国际残疾人日", "元旦", "世界盲文日", "腊八节"]
    assert [occasion.on for occasion in occasions][1:] == [
        date(2027, 1, 1),
        date(2027, 1, 4),
        date(2027, 1, 15),
    ]


def test_at_the_end_of_the_calendar_there_are_fewer_occasions() -> None:
    assert [occasion.label for occasion in next_occasions(date(2040, 12, 3), count=5)] == ["国际残疾人日"]


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_published_workdays_agree_with_an_independent_table(year: int) -> None:
    table = published_workdays()

    ours = {day: is_workday(day, table=table).is_workday for day in every_day(year)}

    assert ours == {day: chinese_calendar.is_workday(day) for day in every_day(year)}
    assert all(is_workday(day, table=table).published for day in every_day(year))


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_a_notice_names_its_source_and_only_weekends_as_days_to_be_worked(year: int) -> None:
    notice = published_workdays()[year]

    assert f"{year}年部分节假日安排的通知" in notice.source
    assert all(day.weekday() >= 5 for day in notice.worked)
    assert not notice.off & notice.worked


@pytest.mark.parametrize("year", [1990, 2023, *range(2027, 2042), 2200])
def test_a_year_without_notice_is_judged_by_law_and_weekends(year: int) -> None:
    verdicts = {day: is_workday(day, table=published_workdays()) for day in every_day(year)}

    assert not any(verdict.published for verdict in verdicts.values())
    assert not any(verdicts[day].is_workday for day in verdicts if day.weekday() >= 5)
    assert not verdicts[date(year, 10, 3)].is_workday
    assert not verdicts[date(year, 5, 2)].is_workday
    assert verdicts[date(year, 10, 4)].is_workday is (date(year, 10, 4).weekday() < 5)


def test_the_days_off_by_law_in_2027_need_no_notice() -> None:
    table = published_workdays()
    weekdays = [day for day in every_day(2027) if day.weekday() < 5]

    off = [day for day in weekdays if not is_workday(day, table=table).is_workday]

    assert off == [
        date(2027, 1, 1),
        date(2027, 2, 5),
        date(2027, 2, 8),
        date(2027, 4, 5),
        date(2027, 6, 9),
        date(2027, 9, 15),
        date(2027, 10, 1),
    ]


def test_a_notice_entered_later_is_read_like_the_one_that_came_along() -> None:
    table = workday_table({"2027": {"source": "示例", "off": ["2027-02-09"], "worked": ["2027-02-14"]}})

    assert not is_workday(date(2027, 2, 9), table=table).is_workday
    assert is_workday(date(2027, 2, 14), table=table).is_workday
    assert is_workday(date(2027, 2, 14), table=table).published


@pytest.mark.parametrize("off", [["2026-02-30"], ["2025-01-01"], "2026-01-01"])
def test_a_faulty_notice_is_refused(off: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        workday_table({"2026": {"source": "示例", "off": off, "worked": []}})
