"""What a person wants who follows, scans, presses or writes. Pure: no database, no clock."""

import re
import unicodedata
from dataclasses import dataclass

from app.bot.enums import PushKind
from app.core.crypto import SEALED_PREFIX

# Longer texts are no command.
LONGEST_COMMAND = 600
# What is kept of a text; WeChat's own input field takes hardly more.
LONGEST_TEXT = 2000
# WeChat's own limit for a scene is 64.
LONGEST_SCENE = 128

_WORDS: dict[PushKind, frozenset[str]] = {
    PushKind.MY_CADRE: frozenset({"我的干部", "干部", "帮扶干部", "我的帮扶干部", "我的帮扶人", "谁帮扶我"}),
    PushKind.MY_POLICIES: frozenset(
        {
            "我的政策", "政策", "我能享受什么", "我能享受的政策", "我能享受什么政策", "我家的政策", "补贴",
            "能享受什么", "有什么政策", "我能领什么",
        }
    ),
    PushKind.MY_NEEDS: frozenset({"我的诉求", "诉求", "困难", "我的困难", "我的留言", "留言", "回复"}),
    PushKind.SETTINGS: frozenset({"提醒设置", "设置", "通知设置", "提醒", "通知"}),
    PushKind.WHO_LOOKED: frozenset(
        {"谁看过我的信息", "谁看过我家的信息", "谁看过", "谁看了我的信息", "隐私", "我的信息"}
    ),
    PushKind.QUESTION: frozenset({"提问", "问题", "咨询", "人工", "人工客服", "转人工"}),
    PushKind.OPINION: frozenset({"意见", "建议", "意见建议", "投诉"}),
    PushKind.UNBIND: frozenset({"解绑", "解除绑定", "取消绑定"}),
    PushKind.MORE: frozenset({"更多", "其余", "下一页", "还有呢", "还有吗"}),
    PushKind.THANKS: frozenset(
        {"谢谢", "谢谢您", "谢谢你", "多谢", "感谢", "好", "好的", "收到", "知道了", "嗯"}
    ),
    PushKind.STOP: frozenset(
        {
            "停", "停止", "停发", "停止通知", "退订", "td", "t", "取消", "取消订阅", "取消通知",
            "不要发了", "别发了", "不要再发了", "别再发了", "stop",
        }
    ),
    PushKind.RESUME: frozenset({"恢复", "恢复通知", "恢复接收", "恢复订阅", "订阅", "重新订阅"}),
    PushKind.HELP: frozenset({"帮助", "help", "?", "菜单", "你好", "您好", "在吗"}),
}  # fmt: skip
# A number only chooses from a list (replies.CHOICES, or the question asked last). It never stops anything:
# whoever answers an old list with a number must not lose his notices.
_NUMBERS = {word: str(number) for number, word in enumerate("一二三四五六七八九", start=1)} | {
    str(number): str(number) for number in range(1, 10)
}
# Words that begin a text which a person reads, with the mark after them: 诉求：家里漏雨.
_BEGINNINGS: dict[PushKind, tuple[str, ...]] = {
    PushKind.NEED: ("我的诉求", "诉求", "我的困难", "困难"),
    PushKind.OPINION: ("意见建议", "意见", "建议", "投诉"),
    PushKind.QUESTION: ("提问", "问题", "咨询"),
}
_MARKS = ":：,，。;；、-—\n\t "
# With or without a word before it; spaces and marks between the digits are taken out first.
_CODE = re.compile(r"(?:绑定码?|验证码)?([0-9]{6})")
# Keys of the service account's menu; a key that is one of the words above is understood as well.
_MENU: dict[str, PushKind] = {
    kind.value: kind
    for kind in (
        *(PushKind.MY_CADRE, PushKind.MY_POLICIES, PushKind.MY_NEEDS, PushKind.SETTINGS),
        *(PushKind.WHO_LOOKED, PushKind.QUESTION, PushKind.OPINION, PushKind.HELP),
        *(PushKind.STOP, PushKind.RESUME),
    )
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


def intent_of_message(*, msg_type: str, content: str | None, recognition: str | None = None) -> Intent:
    """Tell what a message wants; what was spoken goes to a person, pictures are seen by nobody.

    Args:
        msg_type: text, voice, image, … as WeChat spells it.
        content: of a text.
        recognition: what WeChat understood of a voice message, if that is switched on.
    """
    if msg_type == "voice":
        spoken = _kept(recognition or "")
        return Intent(kind=PushKind.VOICE, text=spoken or None)
    if msg_type != "text" or not content:
        return Intent(kind=PushKind.PICTURE)
    told = _told(content)
    if told is not None:
        return told
    kind = kind_of_text(content)
    bare = _bare(content)
    if kind is PushKind.NUMBER:
        return Intent(kind=kind, text=_NUMBERS[bare])
    if kind is PushKind.CODE:
        code = _CODE.fullmatch(bare)
        return Intent(kind=kind, text=code.group(1) if code else None)
    # The word alone asks how to do it.
    words = _kept(content) if kind is PushKind.UNCLEAR else None
    return Intent(kind=kind, text=words)


def kind_of_text(text: str) -> PushKind:
    """Tell what a text wants: a whole known word in any width and case, with any punctuation around it.

    Only whole words count: 不想取消 must not mute, 取消订阅 must not subscribe.
    """
    if len(text) > LONGEST_COMMAND:
        return PushKind.UNCLEAR
    bare = _bare(text)
    if bare in _NUMBERS:
        return PushKind.NUMBER
    if _CODE.fullmatch(bare):
        return PushKind.CODE
    # A lone question mark asks for help.
    word = bare or unicodedata.normalize("NFKC", text).strip()[:1]
    return _KIND_OF_WORD.get(word, PushKind.UNCLEAR)


def domain_of(text: str) -> str:
    """Return what a need is about, as far as its words tell: the value of a `NeedDomain`, else other."""
    for domain, words in _DOMAINS.items():
        if any(word in text for word in words):
            return domain
    return "other"


_DOMAINS = {
    "rehabilitation": ("康复", "轮椅", "拐杖", "辅具", "辅助器具", "助听器", "假肢", "治疗", "看病", "吃药"),
    "schooling": ("上学", "学校", "读书", "入学", "学费"),
    "employment": ("就业", "工作", "打工", "培训", "找活"),
    "security": ("低保", "补贴", "救助", "医保", "养老", "特困"),
    "rights": ("维权", "权益", "法律", "欠薪", "欺负", "殴打"),
    "living": ("做饭", "照料", "照顾", "护理", "洗澡", "房", "漏雨", "取暖", "坡道", "无障碍"),
}


def _told(content: str) -> Intent | None:
    text = content.strip()
    for kind, words in _BEGINNINGS.items():
        for word in words:
            rest = text.removeprefix(word)
            if rest != text and rest[:1] and rest[0] in _MARKS:
                said = _kept(rest.strip(_MARKS))
                return Intent(kind=kind, text=said) if said else None
    return None


def _kept(text: str) -> str:
    # A text that looks sealed would be taken for ciphertext that does not open.
    return text.replace(SEALED_PREFIX, SEALED_PREFIX.replace(":", "：")).strip()[:LONGEST_TEXT]


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] in "LN")
