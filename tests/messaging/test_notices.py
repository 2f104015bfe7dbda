"""The limits that WeChat puts on template fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.enums import Channel, MessageState
from app.messaging.notices import FieldMisfit, fit, state_words


@pytest.mark.parametrize(
    ("field_name", "text"),
    [
        ("thing1", "中秋节前请联系"),
        ("number2", "-12.50"),
        ("letter3", "ABC"),
        ("symbol1", "!?"),
        ("character_string1", "SD-2026/001"),
        ("time1", "2019年10月1日 15:01"),
        ("time2", "15:01~16:30"),
        ("date3", "2026年9月25日"),
        ("date3", "2026-09-25 09:00"),
        ("date4", "2026年9月25日~2026年9月27日"),
        ("amount1", "¥100.50元"),
        ("phone_number1", "+86-0531-86666888"),
        ("car_number1", "鲁A12345"),
        ("name1", "王秀兰"),
        ("name2", "Anna Lee"),
        ("phrase1", "已通过"),
    ],
)
def test_what_wechat_takes_stays_as_it_is(field_name: str, text: str) -> None:
    assert fit(field_name, text) == text


@pytest.mark.parametrize(
    ("field_name", "text"),
    [
        ("thing1", " \n\t"),
        ("number2", "十二"),
        ("character_string1", "编号1"),
        ("time1", "25:00"),
        ("date3", "中秋节"),
        ("amount1", "一百元"),
        ("phone_number1", "053186666888000000"),
        ("name1", "王秀兰王秀兰王秀兰王秀"),
        ("phrase1", "审核已通过了"),
        ("phrase1", "ok"),
        ("colour1", "红"),
        ("", "红"),
    ],
)
def test_what_wechat_refuses_is_refused_before_it_is_sent(field_name: str, text: str) -> None:
    with pytest.raises(FieldMisfit) as refused:
        fit(field_name, text)

    assert not text.strip() or text not in str(refused.value)


def test_a_long_thing_ends_in_an_ellipsis_within_twenty_characters() -> None:
    fitted = fit("thing1", "关于发放困难群众冬季取暖补助资金有关事项的通知说明")

    assert len(fitted) == 20
    assert fitted.endswith("…")


def test_line_breaks_and_emoji_are_taken_out_of_a_thing() -> None:
    assert fit("thing1", "政策\n通知🎉 请看\u200b") == "政策 通知 请看"


@given(st.text(max_size=80))
def test_every_thing_is_one_line_of_one_to_twenty_plain_characters(text: str) -> None:
    try:
        fitted = fit("thing1", text)
    except FieldMisfit:
        return

    assert 1 <= len(fitted) <= 20
    assert fitted.isprintable()
    assert all(ord(one) <= 0xFFFF for one in fitted)


def test_of_what_nobody_will_tell_we_do_not_pretend_to_know() -> None:
    words = {channel: state_words(MessageState.SENT, channel) for channel in Channel}

    assert words[Channel.OFFICIAL_TEMPLATE] == words[Channel.OFFICIAL_SUBSCRIBE] == "已发出"
    assert "不告知每个人是否收到" in words[Channel.MASS_SEND]
    assert words[Channel.CALL_TASK] == "等待干部打电话"
    assert "不会有人告知" in words[Channel.CUSTOMER_SERVICE]
    assert state_words(MessageState.DELIVERED, Channel.CALL_TASK) == "已送达"
