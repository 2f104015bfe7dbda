"""On which days festivals fall, which of them are no days for greetings, and whether a day is a workday."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from itertools import groupby

from borax.calendars.lunardate import LunarDate, TermUtils

from app.core.errors import Invalid
from app.festivals.enums import FestivalKey

FIRST_YEAR, LAST_YEAR = 2024, 2040

# Month and day of every year.
_SOLAR = {
    FestivalKey.NEW_YEAR: (1, 1),
    FestivalKey.BRAILLE: (1, 4),
    FestivalKey.EAR_CARE: (3, 3),
    FestivalKey.DOWN_SYNDROME: (3, 21),
    FestivalKey.AUTISM: (4, 2),
    FestivalKey.LABOUR_DAY: (5, 1),
    FestivalKey.CHILDREN: (6, 1),
    FestivalKey.EYE_CARE: (6, 6),
    FestivalKey.LIMB_DISABLED: (8, 11),
    FestivalKey.DISABILITY_PREVENTION: (8, 25),
    FestivalKey.SIGN_LANGUAGE: (9, 23),
    FestivalKey.NATIONAL_DAY: (10, 1),
    FestivalKey.MENTAL_HEALTH: (10, 10),
    FestivalKey.BLIND: (10, 15),
    FestivalKey.DISABLED_PERSONS: (12, 3),
}
# Month and day of the lunar year, of the month itself and never of its leap twin: 2028 has one 端午.
_LUNAR = {
    FestivalKey.SPRING_FESTIVAL: (1, 1),
    FestivalKey.LANTERN: (1, 15),
    FestivalKey.DRAGON_BOAT: (5, 5),
    FestivalKey.QIXI: (7, 7),
    FestivalKey.GHOST: (7, 15),
    FestivalKey.MID_AUTUMN: (8, 15),
    FestivalKey.DOUBLE_NINTH: (9, 9),
    FestivalKey.LABA: (12, 8),
    # 小年 is the 23rd in Shandong and the north, the 24th in the south.
    FestivalKey.LITTLE_NEW_YEAR: (12, 23),
}
# Month and which of its Sundays: 残疾人保障法 14 条 for 助残日; 聋人日 as celebrated in China.
_SUNDAYS = {FestivalKey.HELP_THE_DISABLED: (5, 3), FestivalKey.DEAF: (9, 4)}
_MOURNING = frozenset({FestivalKey.QINGMING, FestivalKey.GHOST})
# 全国年节及纪念日放假办法 (2024-11-10) 2 条: 元旦1, 春节4 (除夕至初三), 清明1, 劳动节2, 端午1, 中秋1, 国庆3.
_DAYS_OFF = {
    FestivalKey.NEW_YEAR: 1,
    FestivalKey.NEW_YEAR_EVE: 4,
    FestivalKey.QINGMING: 1,
    FestivalKey.LABOUR_DAY: 2,
    FestivalKey.DRAGON_BOAT: 1,
    FestivalKey.MID_AUTUMN: 1,
    FestivalKey.NATIONAL_DAY: 3,
}
_ORDER = {key: place for place, key in enumerate(FestivalKey)}
_SATURDAY = 5


class FestivalYearUnknown(Invalid):
    """Festivals are only vouched for where our calendar was checked against others."""

    code = "festivals.year_unknown"
    title = f"节日只推算到{FIRST_YEAR}年至{LAST_YEAR}年"


@dataclass(frozen=True, slots=True)
class Festival:
    """One festival in one year."""

    key: FestivalKey
    on: date

    @property
    def label(self) -> str:
        """Return how people call it."""
        return self.key.label

    @property
    def is_mourning(self) -> bool:
        """Return whether the dead are remembered on this day."""
        return self.key in _MOURNING


@dataclass(frozen=True, slots=True)
class FestivalOccasion:
    """One day with everything that falls on it, so that a family hears of it once."""

    on: date
    keys: tuple[FestivalKey, ...]

    @property
    def label(self) -> str:
        """Return the names together: 中秋节、国庆节."""
        return "、".join(key.label for key in self.keys)

    @property
    def is_mourning(self) -> bool:
        """Return whether the dead are remembered on this day, whatever else it is."""
        return not _MOURNING.isdisjoint(self.keys)


@dataclass(frozen=True, slots=True)
class YearNotice:
    """What the State Council announced for a year: days off, weekend days to be worked, and where."""

    source: str
    off: frozenset[date]
    worked: frozenset[date]


WorkdayTable = Mapping[int, YearNotice]


@dataclass(frozen=True, slots=True)
class WorkdayVerdict:
    """Whether a day is a workday; not ``published``: by law and weekends, moved days are unknown yet."""

    is_workday: bool
    published: bool


@cache
def festivals_in_year(year: int) -> tuple[Festival, ...]:
    """Return all festivals of a calendar year by day.

    Raises:
        FestivalYearUnknown: the year is not one of 2024 to 2040.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise FestivalYearUnknown(f"没有{year}年的节日")
    found = [Festival(key, date(year, month, day)) for key, (month, day) in _SOLAR.items()]
    found += [Festival(key, _nth_sunday(year, *rule)) for key, rule in _SUNDAYS.items()]
    found.append(Festival(FestivalKey.QINGMING, TermUtils.nth_term_day(year, term_name="清明")))
    # 腊八 to 除夕 belong to the lunar year before; most of them fall into this calendar year.
    found += [
        festival
        for lunar in (year - 1, year)
        for festival in _lunar_festivals(lunar)
        if festival.on.year == year
    ]
    return tuple(sorted(found, key=lambda festival: (festival.on, _ORDER[festival.key])))


def _lunar_festivals(lunar_year: int) -> Iterator[Festival]:
    for key, (month, day) in _LUNAR.items():
        yield Festival(key, _lunar_day(lunar_year, month, day))
    # The last lunar month may have 29 days, so that 除夕 has no date of its own.
    eve = _lunar_day(lunar_year + 1, 1, 1) - timedelta(days=1)
    yield Festival(FestivalKey.NEW_YEAR_EVE, eve)


def _lunar_day(lunar_year: int, month: int, day: int) -> date:
    found: date = LunarDate(lunar_year, month, day, leap=0).to_solar_date()
    return found


def _nth_sunday(year: int, month: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=6 - first.weekday() + 7 * (count - 1))


def festival_occasions(year: int) -> tuple[FestivalOccasion, ...]:
    """Return the days of a year on which there is a festival, each once.

    Raises:
        FestivalYearUnknown: the year is not one of 2024 to 2040.
    """
    return tuple(
        FestivalOccasion(on, tuple(festival.key for festival in together))
        for on, together in groupby(festivals_in_year(year), key=lambda festival: festival.on)
    )


def next_occasions(today: date, *, count: int) -> tuple[FestivalOccasion, ...]:
    """Return the next days with a festival, today included; at the end of 2040 fewer than asked for.

    Raises:
        FestivalYearUnknown: today is not in one of the years 2024 to 2040.
    """
    coming = [occasion for occasion in festival_occasions(today.year) if occasion.on >= today]
    for year in range(today.year + 1, LAST_YEAR + 1):
        if len(coming) >= count:
            break
        coming += festival_occasions(year)
    return tuple(coming[:count])


def greetings_allowed(festival: Festival | FestivalOccasion) -> bool:
    """Return whether good wishes are fitting: not on 清明 and 中元, when families mourn."""
    return not festival.is_mourning


def is_workday(day: date, *, table: WorkdayTable) -> WorkdayVerdict:
    """Return whether offices work on a day; a year without notice is judged by law and weekends.

    全国年节及纪念日放假办法 names the days off, the State Council's yearly notice moves weekends around them.
    """
    notice = table.get(day.year)
    at_weekend = day.weekday() >= _SATURDAY
    if notice is None:
        return WorkdayVerdict(not at_weekend and day not in _statutory_days_off(day.year), published=False)
    if at_weekend:
        return WorkdayVerdict(day in notice.worked, published=True)
    return WorkdayVerdict(day not in notice.off, published=True)


@cache
def _statutory_days_off(year: int) -> frozenset[date]:
    """Return the days off by law; outside the years of our calendar, those that need no moon."""
    if FIRST_YEAR <= year <= LAST_YEAR:
        starts = {festival.key: festival.on for festival in festivals_in_year(year)}
    else:
        starts = {key: date(year, *_SOLAR[key]) for key in _DAYS_OFF if key in _SOLAR}
    return frozenset(
        starts[key] + timedelta(days=offset)
        for key, days in _DAYS_OFF.items()
        if key in starts
        for offset in range(days)
    )


@cache
def published_workdays() -> WorkdayTable:
    """Return the State Council's notices that came with this release."""
    text = resources.files("app.festivals").joinpath("data/workdays.json").read_text(encoding="utf-8")
    return workday_table(json.loads(text)["years"])


def workday_table(years: Mapping[str, Mapping[str, object]]) -> WorkdayTable:
    """Return notices read from plain data: {"2026": {"source": …, "off": [ISO dates], "worked": […]}}.

    Raises:
        ValueError: a date is none, or lies in another year than its notice.
    """
    return {int(year): _year_notice(int(year), stored) for year, stored in years.items()}


def _year_notice(year: int, stored: Mapping[str, object]) -> YearNotice:
    off, worked = _days(year, stored["off"]), _days(year, stored["worked"])
    return YearNotice(source=str(stored["source"]), off=off, worked=worked)


def _days(year: int, texts: object) -> frozenset[date]:
    if not isinstance(texts, list):
        raise ValueError(f"the days of {year} are no list")  # noqa: TRY004 - wrong data, not wrong code
    days = frozenset(date.fromisoformat(text) for text in texts)
    if any(day.year != year for day in days):
        raise ValueError(f"the notice for {year} names days of another year")
    return days
