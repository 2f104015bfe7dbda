"""What messages say: the limits that WeChat puts on template fields, and how texts are handed over.

Field rules: developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message
(订阅消息参数值内容限制说明); the service account's templates have the same. WeChat refuses a text that is too
long (errcode 47003) instead of cutting it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from app.messaging.enums import Channel, Invariant, MessageState, Purpose, Reason, RecipientKind

# What admins do about a finding, and what they had better not do.
ADVICE: Mapping[Invariant, str] = {
    Invariant.STUCK: "请联系技术人员检查发送进程；恢复后会自动接着办理，不需要重新创建任务。",
    Invariant.CREDITS: "不影响已经发出的消息，请联系技术人员核对。",
    Invariant.QUOTAS: "不影响已经发出的消息，请联系技术人员核对；额度第二天会重新计算。",
    Invariant.PLANNED: "少了的记录可能已经发出，请联系技术人员核对，不要重新创建任务，以免重复发送。",
    Invariant.STILL_OPEN: "系统正在逐批结束这些消息；过一天仍有，请联系技术人员。",
    Invariant.LEFT_OUT: "系统会自动补上。",
    Invariant.NO_RECEIPT: "微信没有告知，不等于没有送达；不会重新发送，也不需要处理。",
}
NOBODY_SENDS = "现在没有发送进程在运行，消息、定时任务和微信消息都在等待。请联系技术人员启动。"


def quota_sentence(
    *, channel: Channel, template_id: str, period: str, allowed: int, used: int, is_closed: bool
) -> str:
    """Say how much of a quota is used.

    Args:
        channel: how messages travel.
        template_id: of one template, empty for the account.
        period: a day or a month, as the ledger names it.
        allowed: how many WeChat takes.
        used: how many are on their way or left.
        is_closed: WeChat said that it is used up, whatever we counted.
    """
    whose = f"{channel.label}（模板{template_id}）" if template_id else channel.label
    when, again = ("今天", "明天") if len(period) == len("2026-05-17") else ("本月", "下个月")
    if is_closed:
        return f"{whose}：微信告知{when}的额度已用完，{again}早上继续发送。"
    if used >= allowed:
        return f"{whose}：{when}的额度{allowed}已用完，{again}早上继续发送。"
    return f"{whose}：{when}已用{used}，额度{allowed}。"


def state_words(state: MessageState, channel: Channel) -> str:
    """Return where one message is; of some ways nobody will ever tell whether what left arrived."""
    if state is not MessageState.SENT or channel.tells_delivery:
        return state.label
    return _ON_THEIR_OWN.get(channel, f"{state.label}，是否收到不会有人告知")


_ON_THEIR_OWN: Mapping[Channel, str] = {
    Channel.MASS_SEND: "已提交群发，微信只告知总数，不告知每个人是否收到",
    Channel.CALL_TASK: "等待干部打电话",
}

_FIELD = re.compile(r"([a-z_]+?)\d*")
_YMD = r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DATE = rf"{_YMD}(?: {_CLOCK})?"
_TIME = rf"(?:{_YMD} )?{_CLOCK}"

_BASIC_PLANE = 0xFFFF
# What may be cut when it is too long, because words stay words: kind of field to characters.
_CUTTABLE = {"thing": 20}
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "number": re.compile(r"(?=.{1,32}\Z)-?\d+(?:\.\d+)?", re.ASCII),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(rf"{_TIME}(?:~{_TIME})?", re.ASCII),
    "date": re.compile(rf"{_DATE}(?:~{_DATE})?", re.ASCII),
    "amount": re.compile(r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?", re.ASCII),
    "phone_number": re.compile(r"[\d+()-]{1,17}", re.ASCII),
    "car_number": re.compile(r"[\u4e00-\u9fff]?[A-Za-z0-9]{1,7}[\u4e00-\u9fff]?"),
    "name": re.compile(r"(?=.*[\u4e00-\u9fff])[^\d\s]{1,10}|[A-Za-z !-/:-@\[-`{-~]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}


class FieldMisfit(ValueError):
    """A text cannot stand in a template field; names the field and the rule, never the text."""


def fit(field_name: str, text: str) -> str:
    """Return a text as WeChat takes it in one template field.

    Line breaks, control characters and emoji are taken out of a `thing`, and what is longer than 20
    characters ends in an ellipsis; every other kind of field must be right as it is.

    Args:
        field_name: as in the template, `thing1`.
        text: what should stand there.

    Raises:
        FieldMisfit: the kind of field is unknown, nothing is left of the text, or it has the wrong shape.
    """
    named = _FIELD.fullmatch(field_name)
    kind = named.group(1) if named else ""
    plain = _plain(text)
    if kind in _CUTTABLE:
        if not plain:
            raise FieldMisfit(f"{field_name}: nothing is left to say")
        return _cut(plain, _CUTTABLE[kind])
    shape = _SHAPES.get(kind)
    if shape is None:
        raise FieldMisfit(f"{field_name}: no such kind of field")
    if not shape.fullmatch(plain):
        raise FieldMisfit(f"{field_name}: not the shape of a {kind}")
    return plain


def _plain(text: str) -> str:
    # How WeChat counts characters beyond the basic plane is not documented, so none are sent.
    kept = (
        one if unicodedata.category(one)[0] not in "CZ" else " " for one in text if ord(one) <= _BASIC_PLANE
    )
    return re.sub(r" +", " ", "".join(kept)).strip()


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


@dataclass(slots=True)
class DueMessage:
    """One message that a worker has claimed and is about to send; thousands are made a second.

    Args:
        id: the row.
        token: the claim under which the worker holds it.
        attempts: tries before this claim.
        first_tried_at: the first try that may have reached WeChat, None when there was none.
        counted_on: the day whose quotas it is counted in, None when it is in none.
    """

    id: int
    token: str
    purpose: Purpose
    channel: Channel
    campaign_id: int | None
    recipient_kind: RecipientKind
    recipient_id: int
    openid: str = field(repr=False)
    template_id: str
    urgent: bool
    attempts: int
    first_tried_at: datetime | None
    expires_at: datetime
    counted_on: date | None = None

    @property
    def person(self) -> str:
        """Whom it goes to: nobody has two messages on the way, whatever name a channel knows him by."""
        return self.openid or f"{self.recipient_kind.value}:{self.recipient_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The text of one message.

    Args:
        fields: template field to text, each passed through `fit`.
        page: page of the mini program to open, None for no jump.
        text: the whole text, for channels without templates: 客服消息 and 群发, at most 2,048 bytes.
        phone: the number a short message goes to, read from the register for this try and kept nowhere else.
    """

    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    page: str | None = None
    text: str = field(default="", repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress:
    """This message must not be sent any more, and why."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Postpone:
    """This message must wait, because its campaign was paused."""

    seconds: float


Decision = Prepared | Suppress | Postpone


class Writer(Protocol):
    """Writes the texts of one purpose just before they leave, and asks again whether they are wanted."""

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        """Return for each message id what to say, or why not; messages left out are postponed.

        It reads what it needs for all of them at once: the sender hands over up to a whole chunk.
        """
        ...
