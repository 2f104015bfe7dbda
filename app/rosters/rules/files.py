"""The files themselves: which columns a roster has, how its template explains them, which an upload lacks."""

from collections.abc import Collection, Mapping, Sequence

from app.core.spreadsheets import Cell, ColumnGuide
from app.rosters.enums import ColumnKind, RosterKind
from app.rosters.rules import beneficiaries, cadres, pairings
from app.rosters.rules.columns import Column

REASON = "原因"

COLUMNS: Mapping[RosterKind, tuple[Column, ...]] = {
    RosterKind.BENEFICIARIES: beneficiaries.COLUMNS,
    RosterKind.CADRES: cadres.COLUMNS,
    RosterKind.PAIRINGS: pairings.COLUMNS,
}
# The column by which the header row is found, under its names in the order to try.
ANCHORS: Mapping[RosterKind, tuple[str, ...]] = {
    RosterKind.BENEFICIARIES: (beneficiaries.NAME, "残疾人姓名"),
    RosterKind.CADRES: (cadres.NAME, "干部姓名"),
    RosterKind.PAIRINGS: (pairings.STARTED_ON, "结对时间"),
}
_KIND_HINTS = {
    ColumnKind.PHONE: "电话号码",
    ColumnKind.DAY: "日期",
}
_OWN_LINES = {
    RosterKind.BENEFICIARIES: (
        "残疾类别、残疾等级、出生日期、性别不用填写，系统从证号中读出。",
        "同一户的几位残疾人填写相同的户编号；“一户多残”留空时，系统按户编号判断。",
        "一行只填一位监护人；导入只增加或更正监护人，不会删除已有的监护人。",
        "不符合帮扶条件的人（例如三级、四级，或低保边缘）可以登记，但不能结对。",
    ),
    RosterKind.CADRES: (
        "干部用手机号登录小程序，一个手机号只能登记一位干部。",
        "工作地、居住地、语言、可结对户数用于就近结对和结对方案，可以留空。",
    ),
    RosterKind.PAIRINGS: (
        "请先导入帮扶干部和帮扶对象，再导入结对关系。",
        "一位帮扶对象同一时间只有一位帮扶干部；更换干部请在结对管理中办理，不要用导入。",
    ),
}


def column_name(header: str, *, required: bool) -> str:
    """Return a header as the template writes it, with an asterisk when it must be filled in."""
    return f"{header}*" if required else header


def guides(kind: RosterKind) -> dict[str, ColumnGuide]:
    """Return width, note and choices of the columns of a template, by header as written there."""
    return {
        column_name(column.header, required=column.required): ColumnGuide(
            width=column.width, note=column.note, choices=column.choices
        )
        for column in COLUMNS[kind]
    }


def instructions(kind: RosterKind) -> list[str]:
    """Return the sentences of the sheet 填写说明."""
    lines = [
        f"{kind.label}导入模板填写说明",
        "带星号（*）的列必须填写；其他列可以留空。留空表示不修改已登记的内容，不会清空。",
        "一人一行，从第2行开始填写，不要合并单元格，不要写公式。",
        "证件号码请保持文本格式；变成数字后末尾几位会丢失，系统会拒绝这样的单元格。",
        "上传后系统先逐行检查，说明每一行会新增、更新还是有问题，确认后才写入；同一份表重复上传不会重复登记。",
        *_OWN_LINES[kind],
        "各列说明：",
    ]
    return lines + [_column_line(column) for column in COLUMNS[kind]]


def _column_line(column: Column) -> str:
    parts = ["必填" if column.required else "选填"]
    if column.kind in _KIND_HINTS:
        parts.append(_KIND_HINTS[column.kind])
    if column.choices:
        parts.append(f"可选：{'，'.join(column.choices)}")
    if column.note:
        parts.append(column.note)
    return f"{column.header}：{'；'.join(parts)}"


def other_headers(kind: RosterKind, *, anchor: str) -> list[str]:
    """Return all names of all columns but the anchor's."""
    names = (name for column in COLUMNS[kind] for name in (column.header, *column.aliases))
    return [name for name in names if name != anchor]


def matched_columns(kind: RosterKind, found: Collection[str]) -> dict[str, str]:
    """Return the header of the template for each header that was found in a file, its own name first."""
    matched: dict[str, str] = {}
    for column in COLUMNS[kind]:
        name = next((name for name in (column.header, *column.aliases) if name in found), None)
        if name is not None:
            matched[name] = column.header
    return matched


def missing_columns(kind: RosterKind, matched: Mapping[str, str]) -> list[str]:
    """Return the headers of required columns that a file lacks."""
    there = set(matched.values())
    return [column.header for column in COLUMNS[kind] if column.required and column.header not in there]


def by_template(cells: Mapping[str, Cell], *, matched: Mapping[str, str]) -> dict[str, Cell]:
    """Return the cells of one row under the headers of the template."""
    return {header: cells[name] for name, header in matched.items() if name in cells}


def reason(problems: Sequence[str]) -> str:
    """Return the text of the column 原因 for one bad row."""
    return "；".join(problems)
