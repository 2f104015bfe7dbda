"""The field rules of WeChat templates: a value that breaks one is refused with 47003, never cut.

Source: 订阅消息参数值内容限制说明 (miniprogram/dev/server/API/.../api_sendmessage). Where the page
leaves a choice, the stricter reading is taken.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.errors import RefusedCall

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_DAY = re.compile(r"(\d{4})(?:年(\d{1,2})月(\d{1,2})日|-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2}))")
_HOUR = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_PATTERNS = {
    "number": re.compile(r"\d{1,32}(?:\.\d{1,31})?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "amount": re.compile(r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?"),
    "phone_number": re.compile(r"[0-9+\-*#() ]{1,17}"),
    "car_number": re.compile(rf"[{_HAN}]?[A-Z0-9·]{{5,7}}[{_HAN}]?"),
    "phrase": re.compile(rf"[{_HAN}]{{1,5}}"),
}
_THING, _SYMBOLS, _RANGE = 20, 5, 2
_MAX_LENGTH = {"number": 32, "car_number": 8}


def _thing(value: str) -> bool:
    return len(value) <= _THING and not any(
        unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in value
    )


def _symbol(value: str) -> bool:
    return len(value) <= _SYMBOLS and all(unicodedata.category(char)[0] in "PS" for char in value)


def _name(value: str) -> bool:
    if any(char.isdigit() or unicodedata.category(char)[0] == "C" for char in value):
        return False
    return len(value) <= (10 if re.search(f"[{_HAN}]", value) else 20)


def _is_day(text: str) -> bool:
    match = _DAY.fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(group) for group in match.groups() if group is not None)
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _is_day_and_hour(text: str) -> bool:
    match = _DAY.match(text)
    if match is None:
        return False
    return _is_day(match.group()) and bool(_HOUR.fullmatch(text[match.end() :].lstrip(" ")))


def _time(value: str) -> bool:
    ends = value.split("~")
    return len(ends) <= _RANGE and all(
        _HOUR.fullmatch(end) or _is_day_and_hour(end) for end in map(str.strip, ends)
    )


def _date(value: str) -> bool:
    ends = value.split("~")
    return len(ends) <= _RANGE and all(_is_day(end) or _is_day_and_hour(end) for end in map(str.strip, ends))


def _matches(kind: str) -> Callable[[str], bool]:
    pattern, longest = _PATTERNS[kind], _MAX_LENGTH.get(kind, 64)
    return lambda value: len(value) <= longest and bool(pattern.fullmatch(value))


_RULES: dict[str, Callable[[str], bool]] = {
    **{kind: _matches(kind) for kind in _PATTERNS},
    "thing": _thing,
    "symbol": _symbol,
    "name": _name,
    "time": _time,
    "date": _date,
    # Lengths of these are not published: any one-line text, or one of the values the template lists.
    "short_thing": _thing,
    "enum": _thing,
    "enum_string": _thing,
    "const": _thing,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One field of a template: its rule, the label people see, and its fixed values if it has them."""

    type: str
    label: str
    values: frozenset[str] = frozenset()

    @classmethod
    def read(cls, name: str, spec: str | Mapping[str, Any]) -> "FieldRule":
        """Read `spec` from the configuration: a type name, or {type, label, values}.

        Raises:
            ValueError: the type is not one of WeChat's.
        """
        row: Mapping[str, Any] = {"type": spec} if isinstance(spec, str) else spec
        kind = str(row.get("type") or name.rstrip("0123456789"))
        if kind not in _RULES:
            raise ValueError(f"field {name}: unknown type {kind}")
        return cls(type=kind, label=str(row.get("label", name)), values=frozenset(row.get("values", ())))

    def allows(self, value: str) -> bool:
        """Whether WeChat takes this text in this field."""
        if self.values:
            return value in self.values
        return _RULES[self.type](value)


def check_data(data: Any, fields: Mapping[str, FieldRule]) -> dict[str, str]:
    """Return the plain values of a template message's `data`, checked against the template.

    Raises:
        RefusedCall: 47001 when `data` is no object, 47003 naming the first field that is missing, unknown
            or against its rule.
    """
    if not isinstance(data, dict):
        raise RefusedCall(47001)
    for name in data:
        if name not in fields:
            raise _broken(name, "invalid")
    return {name: _value(data.get(name), name, rule) for name, rule in fields.items()}


def _value(cell: Any, name: str, rule: FieldRule) -> str:
    value = cell.get("value") if isinstance(cell, dict) else None
    if value is None or value == "":
        raise _broken(name, "is empty")
    if not isinstance(value, str):
        raise _broken(name, "invalid")
    if not value.strip():
        raise _broken(name, "is empty")
    if not rule.allows(value):
        raise _broken(name, "invalid")
    return value


def _broken(name: str, what: str) -> RefusedCall:
    return RefusedCall(47003, f"argument invalid! data.{name}.value {what}")
