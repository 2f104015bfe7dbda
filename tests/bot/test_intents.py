"""What words and events mean."""

import pytest

from app.bot.enums import PushKind
from app.bot.intents import Intent, intent_of_event, intent_of_message, kind_of_text


@pytest.mark.parametrize(
    "words", ["停", "退订", "TD", "td", "ＴＤ", " 退订。", "“退订”", "取消", "取消订阅", "2", "２"]
)
def test_stop_words_stop(words: str) -> None:
    assert kind_of_text(words) is PushKind.STOP


@pytest.mark.parametrize("words", ["恢复", "订阅", "恢复！", "3"])
def test_resume_words_resume(words: str) -> None:
    assert kind_of_text(words) is PushKind.RESUME


@pytest.mark.parametrize("words", ["帮助", "？", "?", "HELP", "你好"])
def test_help_words_ask_for_help(words: str) -> None:
    assert kind_of_text(words) is PushKind.HELP


@pytest.mark.parametrize(
    "words", ["不想取消", "退订了会怎样", "停电了怎么办", "12", "", "。", "😀", "停" * 601]
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


def test_a_picture_is_unclear() -> None:
    assert intent_of_message(msg_type="image", content=None) == Intent(kind=PushKind.UNCLEAR)


def test_only_the_beginning_of_a_long_text_is_kept() -> None:
    intent = intent_of_message(msg_type="text", content="长" * 2000)

    assert intent.kind is PushKind.UNCLEAR
    assert intent.text == "长" * 600
