"""What the roster of cadres may say about a cadre's part: where he works and lives, how many families."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.pairing.rules.costs import LARGEST_CAPACITY
from app.pairing.rules.participation import LONGEST_EXCUSE, SHORTEST_EXCUSE
from app.people.enums import Sex
from app.people.rules import fold_typed
from app.rosters.enums import ColumnKind
from app.rosters.rules.columns import CellWrong, Column, RowReader, one_of, plain, yes_or_no

WORK_COUNTY, WORK_TOWN = "工作地县（市、区）", "工作地乡镇（街道）"
HOME_COUNTY, HOME_TOWN = "居住地县（市、区）", "居住地乡镇（街道）"
SEX, LANGUAGES, CAPACITY = "性别", "语言", "可结对户数"
LEADS_UNIT, TAKES_PART, EXCUSE = "领导班子成员", "是否参加", "不参加原因"
_MOST_LANGUAGES, _LONGEST_LANGUAGE = 5, 20

COLUMNS = (
    Column(WORK_COUNTY, ColumnKind.TEXT, aliases=("工作地", "工作县区"), note="只写乡镇时按本县", width=18),
    Column(WORK_TOWN, ColumnKind.TEXT, aliases=("工作地乡镇", "工作乡镇"), width=18),
    Column(HOME_COUNTY, ColumnKind.TEXT, aliases=("居住地", "居住县区"), note="只写乡镇时按本县", width=18),
    Column(HOME_TOWN, ColumnKind.TEXT, aliases=("居住地乡镇", "居住乡镇"), width=18),
    Column(SEX, ColumnKind.CHOICE, choices=("男", "女"), width=8),
    Column(
        LANGUAGES,
        ColumnKind.TEXT,
        aliases=("会说的语言", "方言"),
        note="普通话以外的，例如手语、方言、少数民族语言；几种的用顿号隔开，最多5种",
        width=20,
        longest=110,
    ),
    Column(
        CAPACITY,
        ColumnKind.TEXT,
        aliases=("可结对人数", "户数上限", "可联系户数"),
        note=f"最多联系几户，0至{LARGEST_CAPACITY}；填写后超过的不能结对",
        width=12,
    ),
    Column(
        LEADS_UNIT,
        ColumnKind.CHOICE,
        aliases=("是否领导班子成员", "班子成员"),
        choices=("是", "否"),
        note="省残联直属单位领导班子成员不论级别都应参加",
        width=14,
    ),
    Column(
        TAKES_PART,
        ColumnKind.CHOICE,
        aliases=("是否参加联系帮扶", "参加联系帮扶"),
        choices=("是", "否"),
        note="留空按级别：省处级、市县科级及以上应参加；自愿参加的填“是”",
        width=12,
    ),
    Column(
        EXCUSE,
        ColumnKind.TEXT,
        aliases=("原因说明",),
        note=f"“是否参加”填“否”时必填，{SHORTEST_EXCUSE}个字以上",
        width=28,
        longest=LONGEST_EXCUSE,
    ),
)
_read_sex = one_of({sex.label: sex for sex in Sex}, offered=[sex.label for sex in Sex])


@dataclass(frozen=True, slots=True)
class TermsEntry:
    """What one row says; None is a cell left empty, which changes nothing."""

    work_county: str | None = None
    work_town: str | None = None
    home_county: str | None = None
    home_town: str | None = None
    sex: Sex | None = None
    languages: tuple[str, ...] | None = None
    capacity: int | None = None
    takes_part: bool | None = None
    excuse: str | None = None
    leads_unit: bool | None = None


@dataclass(frozen=True, slots=True)
class TermsFacts:
    """What is known, or would be, about a cadre's part; empty and None are what nobody said."""

    work_county: str = ""
    work_town: str = ""
    home_county: str = ""
    home_town: str = ""
    sex: Sex | None = None
    languages: tuple[str, ...] = ()
    capacity: int | None = None
    takes_part: bool | None = None
    excuse: str = ""
    leads_unit: bool | None = None


def read_terms(
    reader: RowReader, *, counties: Mapping[str, str | None], own_county: str | None
) -> TermsEntry:
    """Return what a row says about a cadre's part; what is wrong with it becomes problems of the reader.

    Args:
        reader: of the row.
        counties: division codes by every name under which a county is known; None where two are called so.
        own_county: the county whose roster it is; None for a city or province.
    """

    def place(header: str, town_header: str) -> tuple[str | None, str | None]:
        before = len(reader.problems)
        county = reader.read(header, lambda text: _county(text, counties))
        town = reader.read(town_header, plain)
        if town is not None and county is None and len(reader.problems) == before:
            county = own_county
            if county is None:
                reader.add(header, "填写了乡镇，请同时填写县（市、区）")
        return county, town

    work_county, work_town = place(WORK_COUNTY, WORK_TOWN)
    home_county, home_town = place(HOME_COUNTY, HOME_TOWN)
    takes_part, excuse = reader.read(TAKES_PART, yes_or_no), reader.read(EXCUSE, plain)
    if takes_part is False and len(excuse or "") < SHORTEST_EXCUSE:
        reader.add(EXCUSE, f"“是否参加”填“否”时，请写明原因，{SHORTEST_EXCUSE}个字以上")
    if excuse is not None and takes_part is not False:
        reader.add(TAKES_PART, "填写了不参加原因，请同时在这一列填“否”")
    return TermsEntry(
        work_county=work_county,
        work_town=work_town,
        home_county=home_county,
        home_town=home_town,
        sex=reader.read(SEX, _read_sex),
        languages=reader.read(LANGUAGES, _languages),
        capacity=reader.read(CAPACITY, _capacity),
        takes_part=takes_part,
        excuse=excuse,
        leads_unit=reader.read(LEADS_UNIT, yes_or_no),
    )


def merged_terms(entry: TermsEntry, known: TermsFacts) -> TermsFacts:
    """Return what would be known after a row was applied; a new county without a town has none."""
    said = {
        name: value for name in TermsEntry.__dataclass_fields__ if (value := getattr(entry, name)) is not None
    }
    for county, town in (("work_county", "work_town"), ("home_county", "home_town")):
        if county in said and said[county] != getattr(known, county):
            said.setdefault(town, "")
    if entry.takes_part:
        said["excuse"] = ""
    return replace(known, **said)


def _county(text: str, counties: Mapping[str, str | None]) -> str:
    name = fold_typed(text)
    if name not in counties:
        raise CellWrong("没有这个县（市、区），请填写全称，例如历下区")
    code = counties[name]
    if code is None:
        raise CellWrong("有同名的县（市、区），请连同所在市填写，例如济南市市中区")
    return code


def _languages(text: str) -> tuple[str, ...]:
    words = sorted({word for word in re.split(r"[、，,；;/\s]+", text) if word})
    if len(words) > _MOST_LANGUAGES or any(len(word) > _LONGEST_LANGUAGE for word in words):
        raise CellWrong(f"最多{_MOST_LANGUAGES}种，每种不超过{_LONGEST_LANGUAGE}个字")
    return tuple(words)


def _capacity(text: str) -> int:
    number = fold_typed(text).removesuffix("户").removesuffix("人")
    if not (number.isascii() and number.isdecimal()) or int(number) > LARGEST_CAPACITY:
        raise CellWrong(f"请填写0至{LARGEST_CAPACITY}的整数")
    return int(number)
