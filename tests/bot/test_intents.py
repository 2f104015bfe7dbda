"""What words and events mean."""

import pytest

from app.bot.enums import PushKind
from app.bot.intents import Intent, domain_of, intent_of_event, intent_of_message, kind_of_text
from app.needs.enums import NeedDomain


@pytest.mark.parametrize(
    "words", ["停", "退订", "TD", "td", "ＴＤ", " 退订。", "“退订”", "取消", "取消订阅", "别再发了"]
)
def test_stop_words_stop(words: str) -> None:
    assert kind_of_text(words) is PushKind.STOP


@pytest.mark.parametrize("words", ["恢复", "订阅", "恢复！"])
def test_resume_words_resume(words: str) -> None:
    assert kind_of_text(words) is PushKind.RESUME


@pytest.mark.parametrize("words", ["帮助", "？", "?", "HELP", "你好"])
def test_help_words_ask_for_help(words: str) -> None:
    assert kind_of_text(words) is PushKind.HELP


@pytest.mark.parametrize(
    "words",
    ["不想取消", "退订了会怎样", "停电了怎么办", "12", "", "。", "😀", "停" * 601, "我想停", "1234567"],
)
def test_a_word_inside_other_words_is_no_command(words: str) -> None:
    assert kind_of_text(words) is PushKind.UNCLEAR


@pytest.mark.parametrize(
    ("event", "kind"),
    [("subscribe", PushKind.FOLLOW), ("SCAN", PushKind.SCAN), ("unsubscribe", PushKind.UNFOLLOW)],
)
def test_events_of_a_person_are_told_apart(event: str, kind: PushKind) -> None:
    assert intent_of_event(event=event, event_key="x", scene="x") == Intent(
        kind=kind, scene=None if kind is PushKind.UNFOLLOW else "x"
    )


@pytest.mark.parametrize("key", ["my_cadre", "我的干部"])
def test_a_menu_key_means_what_it_says(key: str) -> None:
    assert intent_of_event(event="CLICK", event_key=key, scene=None) == Intent(kind=PushKind.MY_CADRE)


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "view_miniprogram", "wxa_punish_event"])
def test_events_that_ask_nothing_have_no_intent(event: str) -> None:
    assert intent_of_event(event=event, event_key="https://example.org", scene=None) is None


def test_a_picture_is_only_a_picture() -> None:
    assert intent_of_message(msg_type="image", content=None) == Intent(kind=PushKind.PICTURE)


@pytest.mark.parametrize("words", ["1", "２", "3.", "4、", "⑤", "一", "6", "9"])
def test_a_number_chooses_and_never_does_anything_by_itself(words: str) -> None:
    assert kind_of_text(words) is PushKind.NUMBER


@pytest.mark.parametrize(
    "words",
    ["482913", "482 913", "４８２９１３", "482-913。", "绑定482913", "绑定码：482 913", "验证码482913"],
)
def test_six_digits_are_a_code_however_they_are_typed(words: str) -> None:
    assert intent_of_message(msg_type="text", content=words) == Intent(kind=PushKind.CODE, text="482913")


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        ("诉求：家里漏雨", PushKind.NEED, "家里漏雨"),
        (" 诉求:家里漏雨 ", PushKind.NEED, "家里漏雨"),
        ("我的困难，做饭不便", PushKind.NEED, "做饭不便"),
        ("意见：多来看看", PushKind.OPINION, "多来看看"),
        ("建议 多来看看", PushKind.OPINION, "多来看看"),
        ("提问\n低保怎么办", PushKind.QUESTION, "低保怎么办"),
    ],
)
def test_a_word_with_a_mark_says_who_reads_the_rest(words: str, kind: PushKind, text: str) -> None:
    assert intent_of_message(msg_type="text", content=words) == Intent(kind=kind, text=text)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("诉求", PushKind.MY_NEEDS),
        ("诉求：", PushKind.MY_NEEDS),
        ("意见：", PushKind.OPINION),
        ("我能享受什么？", PushKind.MY_POLICIES),
        ("谁看过我的信息", PushKind.WHO_LOOKED),
        ("提醒设置", PushKind.SETTINGS),
        ("解绑", PushKind.UNBIND),
        ("谢谢！", PushKind.THANKS),
        ("更多", PushKind.MORE),
    ],
)
def test_a_word_alone_asks_for_something(words: str, kind: PushKind) -> None:
    assert intent_of_message(msg_type="text", content=words) == Intent(kind=kind)


def test_what_goes_on_after_a_word_without_a_mark_is_for_a_person_to_judge() -> None:
    intent = intent_of_message(msg_type="text", content="诉求办得怎么样了")

    assert intent == Intent(kind=PushKind.UNCLEAR, text="诉求办得怎么样了")


@pytest.mark.parametrize(("recognition", "text"), [("轮椅坏了。", "轮椅坏了。"), ("  ", None), (None, None)])
def test_what_is_spoken_goes_to_a_person_with_what_wechat_understood(
    recognition: str | None, text: str | None
) -> None:
    intent = intent_of_message(msg_type="voice", content=None, recognition=recognition)

    assert intent == Intent(kind=PushKind.VOICE, text=text)


@pytest.mark.parametrize(
    ("words", "domain"), [("想要一个轮椅", "rehabilitation"), ("房子漏雨", "living"), ("没有人说话", "other")]
)
def test_what_a_need_is_about_is_read_from_its_words(words: str, domain: str) -> None:
    assert NeedDomain(domain_of(words)).value == domain


def test_only_the_beginning_of_a_long_text_is_kept() -> None:
    intent = intent_of_message(msg_type="text", content="长" * 3000)

    assert intent.kind is PushKind.UNCLEAR
    assert intent.text == "长" * 2000
