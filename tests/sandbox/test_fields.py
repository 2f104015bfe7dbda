"""订阅消息参数值内容限制说明: what each kind of field takes, and what it refuses with 47003."""

import pytest

from sandbox.errors import RefusedCall
from sandbox.fields import FieldRule, check_data

GOOD = [
    ("thing", "字" * 20),
    ("thing", "8月前 call 👍"),
    ("number", "12345678901234567890123456789012"),
    ("number", "12.5"),
    ("letter", "abcXYZ"),
    ("symbol", "!@#￥%"),
    ("character_string", "NO-2024/0012_a"),
    ("time", "15:01"),
    ("time", "2019年10月1日 15:01"),
    ("time", "2026-06-01 08:00~2026-06-01 18:00"),
    ("date", "2019年10月1日"),
    ("date", "2019年10月1日 15:01"),
    ("date", "2026-06-01~2026-06-30"),
    ("amount", "￥1200.50元"),
    ("amount", "80"),
    ("phone_number", "+86-0766-66888866"),
    ("car_number", "粤A8Z888挂"),
    ("name", "王*四"),
    ("name", "John Smith-Baker"),
    ("phrase", "待确认"),
]
BAD = [
    ("thing", "字" * 21),
    ("thing", "两\n行"),
    ("thing", "a\tb"),
    ("number", "123456789012345678901234567890123"),
    ("number", "十二"),
    ("number", "1.2.3"),
    ("letter", "ab1"),
    ("symbol", "!!!!!!"),
    ("symbol", "a"),
    ("character_string", "第3号"),
    ("character_string", "x" * 33),
    ("time", "25:00"),
    ("time", "2019年10月1日"),
    ("time", "08:00~09:00~10:00"),
    ("date", "2026-02-30"),
    ("date", "明天"),
    ("amount", "12345678901"),
    ("amount", "$$5"),
    ("phone_number", "138-0000-0000-000012"),
    ("phone_number", "一三八"),
    ("car_number", "鲁鲁A12345"),
    ("car_number", "鲁M123456挂"),
    ("name", "阿不都热合曼买买提吐尔逊"),
    ("name", "John Fitzgerald Kennedy"),
    ("name", "张3"),
    ("phrase", "审核已通过了"),
    ("phrase", "ok"),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_a_value_within_its_rule_is_taken(kind: str, value: str) -> None:
    fields = {f"{kind}1": FieldRule.read(f"{kind}1", kind)}

    assert check_data({f"{kind}1": {"value": value}}, fields) == {f"{kind}1": value}


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_a_value_against_its_rule_is_refused_and_named(kind: str, value: str) -> None:
    fields = {f"{kind}1": FieldRule.read(f"{kind}1", kind)}

    with pytest.raises(RefusedCall) as refused:
        check_data({f"{kind}1": {"value": value}}, fields)

    assert refused.value.errcode == 47003
    assert refused.value.errmsg == f"argument invalid! data.{kind}1.value invalid"


@pytest.mark.parametrize("data", [{}, {"thing1": {}}, {"thing1": {"value": ""}}, {"thing1": {"value": " "}}])
def test_a_missing_or_blank_value_is_named_as_empty(data: dict[str, object]) -> None:
    fields = {"thing1": FieldRule.read("thing1", "thing")}

    with pytest.raises(RefusedCall) as refused:
        check_data(data, fields)

    assert refused.value.errmsg == "argument invalid! data.thing1.value is empty"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"thing1": {"value": 5}}, "thing1"),
        ({"thing1": {"value": "a"}, "thing2": {"value": "b"}}, "thing2"),
    ],
)
def test_a_number_or_a_field_the_template_lacks_is_refused(data: dict[str, object], name: str) -> None:
    fields = {"thing1": FieldRule.read("thing1", "thing")}

    with pytest.raises(RefusedCall) as refused:
        check_data(data, fields)

    assert refused.value.errmsg == f"argument invalid! data.{name}.value invalid"


def test_an_enum_takes_only_the_values_of_its_template() -> None:
    rule = FieldRule.read("enum1", {"type": "enum", "label": "方式", "values": ["电话", "微信"]})

    assert check_data({"enum1": {"value": "电话"}}, {"enum1": rule}) == {"enum1": "电话"}
    with pytest.raises(RefusedCall):
        check_data({"enum1": {"value": "短信"}}, {"enum1": rule})


def test_the_type_of_a_field_follows_from_its_name() -> None:
    assert FieldRule.read("character_string12", {"label": "编号"}).type == "character_string"


def test_an_unknown_type_is_refused_at_configuration() -> None:
    with pytest.raises(ValueError, match="unknown type"):
        FieldRule.read("thingy1", {})
