"""Conditions as an author writes them: what is malformed is refused with its place and words."""

from datetime import date
from typing import Any

import pytest

from app.policies.enums import Operator
from app.policies.rules.expressions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Fault,
    Not,
    comparisons_of,
    parse_condition,
)


def parse(written: Any) -> tuple[Condition | None, list[Fault]]:
    faults: list[Fault] = []
    return parse_condition(written, pointer="/when", faults=faults), faults


def test_a_condition_becomes_typed_objects() -> None:
    condition, faults = parse(
        {
            "all": [
                {"fact": "grade", "is": "in", "value": [1, 2]},
                {"any": [{"not": {"fact": "employed", "is": "==", "value": True}}]},
                {"fact": "age", "is": "between", "value": [16, 59]},
                {"fact": "age", "is": "<", "value": 7, "on": "2026-09-01"},
                {"fact": "categories", "is": "overlaps", "value": ["limb"]},
                {"fact": "region", "is": "within", "value": ["3701"]},
            ]
        }
    )

    assert faults == []
    assert condition == AllOf(
        (
            Compare("grade", Operator.IN, (1, 2)),
            AnyOf((Not(Compare("employed", Operator.EQUAL, True)),)),
            Compare("age", Operator.BETWEEN, (16, 59)),
            Compare("age", Operator.LESS, 7, date(2026, 9, 1)),
            Compare("categories", Operator.OVERLAPS, ("limb",)),
            Compare("region", Operator.WITHIN, ("3701",)),
        )
    )
    assert {one.fact for one in comparisons_of([condition])} == {
        "grade",
        "employed",
        "age",
        "categories",
        "region",
    }


@pytest.mark.parametrize(
    ("written", "pointer", "words"),
    [
        ("grade", "/when", "条件应写成"),
        ({}, "/when", "条件应写成"),
        ({"every": []}, "/when", "不认识“every”"),
        ({"all": [], "any": []}, "/when", "不认识“all、any”"),
        ({"all": []}, "/when/all", "1至30个条件"),
        ({"all": {"fact": "grade"}}, "/when/all", "1至30个条件"),
        ({"fact": "heigth", "is": "==", "value": 1}, "/when/fact", "没有“heigth”这项信息"),
        ({"fact": ["grade"], "is": "==", "value": 1}, "/when/fact", "没有"),
        ({"fact": "grade", "value": 1}, "/when/is", "比较方式只能是"),
        ({"fact": "grade", "is": "overlaps", "value": [1]}, "/when/is", "“残疾等级”的比较方式只能是"),
        ({"fact": "grade", "is": "=="}, "/when", "缺少 value"),
        ({"fact": "grade", "is": "==", "value": 5}, "/when/value", "应是1至4的整数"),
        ({"fact": "grade", "is": "==", "value": True}, "/when/value", "应是1至4的整数"),
        ({"fact": "grade", "is": "in", "value": 1}, "/when/value", "列表"),
        ({"fact": "grade", "is": "in", "value": [1, 9]}, "/when/value/1", "应是1至4的整数"),
        ({"fact": "age", "is": "between", "value": [16]}, "/when/value", "两个数"),
        ({"fact": "age", "is": "between", "value": [59, 16]}, "/when/value", "不能大于后一个数"),
        ({"fact": "employed", "is": "==", "value": "是"}, "/when/value", "只能写 true（是）或 false（否）"),
        ({"fact": "relief", "is": "==", "value": "低保"}, "/when/value", "dibao（低保）"),
        ({"fact": "region", "is": "within", "value": ["济南"]}, "/when/value/0", "行政区划代码"),
        ({"fact": "grade", "is": "==", "value": 1, "on": "2026-09-01"}, "/when/on", "只有年龄"),
        ({"fact": "age", "is": "==", "value": 1, "on": "9月1日"}, "/when/on", "2026-01-31"),
        ({"fact": "age", "is": "==", "value": 1, "at": 1}, "/when", "不认识“at”"),
    ],
)
def test_what_is_malformed_is_refused_with_its_place(written: Any, pointer: str, words: str) -> None:
    condition, faults = parse(written)

    (fault,) = faults
    assert condition is None
    assert fault.pointer == pointer
    assert words in fault.detail


def test_every_fault_is_told_at_once() -> None:
    _, faults = parse(
        {
            "all": [
                {"fact": "grade", "is": "==", "value": 5},
                {"not": {"any": [{"fact": "age", "is": "older", "value": 1}]}},
                {"fact": "employed", "is": "==", "value": True},
            ]
        }
    )

    assert [fault.pointer for fault in faults] == ["/when/all/0/value", "/when/all/1/not/any/0/is"]


def test_a_condition_that_is_too_deep_is_refused() -> None:
    written: Any = {"fact": "employed", "is": "==", "value": True}
    for _ in range(5000):
        written = {"not": written}

    condition, (fault,) = parse(written)

    assert condition is None
    assert "最多8层" in fault.detail
