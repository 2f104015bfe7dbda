"""What the program asks of WeChat, and the three ways in which it can fail."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.wechat.errcodes import Reaction, reaction_to

_RID = re.compile(r"rid: ?([0-9A-Za-z-]{1,64})")


class WeChatRefused(Exception):
    """WeChat answered no; nothing was done.

    Args:
        errcode: WeChat's number; 0 when the answer was in order and we refuse what it holds.
        errmsg: WeChat's words, which name the field of a 47003.
        rid: WeChat's number of the request, for its support desk; read from ``errmsg`` when not given.
        reaction: what the sender should do; by the errcode table when not given.
        sentence: the reason for people; by the errcode table when not given.
        msg_id: the message that was sent before in place of this one, with a 45065.
    """

    def __init__(
        self,
        *,
        errcode: int,
        errmsg: str,
        rid: str | None = None,
        reaction: Reaction | None = None,
        sentence: str | None = None,
        msg_id: str | None = None,
    ) -> None:
        super().__init__(f"errcode {errcode}: {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg
        found = _RID.search(errmsg)
        self.rid = rid or (found.group(1) if found else None)
        self.rule = reaction_to(errcode)
        self.reaction = reaction or self.rule.reaction
        self.sentence = sentence or self.rule.sentence
        self.msg_id = msg_id


class WeChatNotReached(Exception):
    """Nothing left us: no connection, no name, no free socket, no access token. Trying again is safe."""


class WeChatUnanswered(Exception):
    """The request may have arrived, and we do not know what became of it: never repeat it blindly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniSession:
    """Who opened the mini program. The session key stays with WeChat: nothing here needs it."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeMessage:
    """One 订阅消息 of the mini program to one person.

    Args:
        openid: the person, as this mini program knows him.
        template_id: the template he accepted.
        fields: template field to text, e.g. ``{"thing1": "年审提醒"}``.
        page: page of the mini program to open, or None for no jump.
    """

    openid: str = field(repr=False)
    template_id: str
    fields: Mapping[str, str] = field(repr=False)
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateMessage:
    """One 模板消息 of the service account to one follower.

    Args:
        openid: the follower, as the service account knows him.
        template_id: a template of the account.
        fields: template field to text.
        url: web page to open, or None.
        mini_page: page of our mini program to open, or None; WeChat prefers it to ``url``.
        client_msg_id: WeChat sends the same openid and id once within 10 minutes.
    """

    openid: str = field(repr=False)
    template_id: str
    fields: Mapping[str, str] = field(repr=False)
    url: str | None
    mini_page: str | None
    client_msg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialSubscribeMessage:
    """One 订阅通知 of the service account to one person, who need not follow it.

    Args:
        openid: the person, as the service account knows him.
        template_id: the template he accepted.
        fields: template field to text.
        mini_page: page of our mini program to open, or None for no jump.
    """

    openid: str = field(repr=False)
    template_id: str
    fields: Mapping[str, str] = field(repr=False)
    mini_page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MassReceipt:
    """WeChat took a mass message; ``msgid`` returns in the event that tells how many it reached.

    Args:
        msgid: WeChat's name of the mass message; None when it forgot to tell.
        was_sent_before: the same ``clientmsgid`` had been taken earlier, and nothing was sent again (45065).
    """

    msgid: str | None
    was_sent_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReceipt:
    """WeChat took the message. ``msgid`` returns in the event that tells how it ended."""

    msgid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneQr:
    """A QR code that carries a scene into the service account; draw ``url`` as a QR code."""

    ticket: str = field(repr=False)
    url: str = field(repr=False)


class WeChatGateway(Protocol):
    """WeChat, seen from the program.

    Every method may raise WeChatRefused, WeChatNotReached or WeChatUnanswered, and nothing else.
    """

    async def code_to_session(self, *, code: str) -> MiniSession:
        """Say who opened the mini program, by the one-use code of ``wx.login``."""
        ...

    async def phone_number(self, *, code: str, openid: str) -> str:
        """Return the 11-digit mobile number that this person showed us, by the one-use code."""
        ...

    async def send_subscribe(self, message: SubscribeMessage) -> SendReceipt:
        """Send a 订阅消息 of the mini program. There is no key against doubles: one call, one credit."""
        ...

    async def send_template(self, message: TemplateMessage) -> SendReceipt:
        """Send a 模板消息 of the service account."""
        ...

    async def send_official_subscribe(self, message: OfficialSubscribeMessage) -> None:
        """Send a 订阅通知 of the service account. No key against doubles, and no number of the message."""
        ...

    async def send_text(self, *, openid: str, content: str) -> None:
        """Send a 客服消息 text of the service account, within the window the person opened."""
        ...

    async def mass_send_text(
        self, *, openids: Sequence[str], content: str, client_msg_id: str
    ) -> MassReceipt:
        """Send one text to 2 to 10,000 followers (群发); the same ``client_msg_id`` once in 24 hours.

        Args:
            openids: the followers, as the service account knows them.
            content: the text, at most 2,048 bytes.
            client_msg_id: at most 32 bytes.
        """
        ...

    async def create_menu(self, *, buttons: Sequence[Mapping[str, Any]]) -> None:
        """Replace the service account's menu; followers see it within a day, or when they follow again."""
        ...

    async def create_scene_qr(self, *, scene: str, expire_seconds: int) -> SceneQr:
        """Make a QR code that tells us who scanned it; ``scene`` is 1–64 characters and names nobody."""
        ...

    async def official_unionid(self, *, openid: str) -> str | None:
        """Return the unionid of a follower of the service account; None when WeChat gives none."""
        ...
