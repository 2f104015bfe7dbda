"""What a person wants who follows, scans, presses or writes. Pure: no database, no clock."""

import unicodedata
from dataclasses import dataclass

from app.bot.enums import PushKind

# Longer texts are no command; what is kept of one for the record.
LONGEST_TEXT = 600
# WeChat's own limit for a scene is 64.
LONGEST_SCENE = 128

# The numbers of the choices that every reply offers (replies.CHOICES) are words too.
_WORDS: dict[PushKind, frozenset[str]] = {
    PushKind.MY_CADRE: frozenset({"1", "我的干部", "干部", "帮扶干部", "我的帮扶干部", "我的帮扶人"}),
    PushKind.STOP: frozenset(
        {
            "2", "停", "停止", "停发", "停止通知", "退订", "td", "t", "取消", "取消订阅", "取消通知",
            "不要发了", "别发了", "不要再发了", "别再发了", "stop",
        }
    ),
    PushKind.RESUME: frozenset({"3", "恢复", "恢复通知", "恢复接收", "恢复订阅", "订阅", "重新订阅"}),
    PushKind.HELP: frozenset({"4", "帮助", "help", "?", "菜单", "你好", "您好", "在吗"}),
}  # fmt: skip
# Keys of the service account's menu; a key that is one of the words above is understood as well.
_MENU: dict[str, PushKind] = {
    "my_cadre": PushKind.MY_CADRE,
    "stop": PushKind.STOP,
    "resume": PushKind.RESUME,
    "help": PushKind.HELP,
}
_KIND_OF_WORD = {word: kind for kind, words in _WORDS.items() for word in words}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a person wants.

    Args:
        kind: one of the kinds that people cause.
        scene: the code in the QR code through which he came, if any.
        text: what he wrote, cut to what is kept.
    """

    kind: PushKind
    scene: str | None = None
    text: str | None = None


def intent_of_event(*, event: str, event_key: str | None, scene: str | None) -> Intent | None:
    """Tell what an event of the service account means, or None when nobody expects an answer to it.

    Args:
        event: subscribe, SCAN, unsubscribe, CLICK, … as WeChat spells it.
        event_key: key of the menu entry.
        scene: scene of the QR code, without WeChat's prefix.
    """
    code = scene[:LONGEST_SCENE] if scene else None
    match event:
        case "subscribe":
            return Intent(kind=PushKind.FOLLOW, scene=code)
        case "SCAN":
            return Intent(kind=PushKind.SCAN, scene=code)
        case "unsubscribe":
            return Intent(kind=PushKind.UNFOLLOW)
        case "CLICK":
            return Intent(kind=_MENU.get(event_key or "") or kind_of_text(event_key or ""))
        case _:
            return None


def intent_of_message(*, msg_type: str, content: str | None) -> Intent:
    """Tell what a message wants; a picture or voice is unclear, since nobody here looks or listens."""
    if msg_type != "text" or not content:
        return Intent(kind=PushKind.UNCLEAR)
    return Intent(kind=kind_of_text(content), text=content[:LONGEST_TEXT])


def kind_of_text(text: str) -> PushKind:
    """Tell what a text wants: a whole known word in any width and case, with any punctuation around it.

    Only whole words count: 不想取消 must not mute, 取消订阅 must not subscribe.
    """
    if len(text) > LONGEST_TEXT:
        return PushKind.UNCLEAR
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(char for char in folded if unicodedata.category(char)[0] in "LN")
    # A lone question mark asks for help.
    return _KIND_OF_WORD.get(bare or folded.strip()[:1], PushKind.UNCLEAR)
