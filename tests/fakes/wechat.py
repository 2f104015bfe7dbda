"""WeChat that keeps what it was sent and refuses whom it is told to refuse."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.wechat.gateway import (
    MassReceipt,
    MiniSession,
    OfficialSubscribeMessage,
    SceneQr,
    SendReceipt,
    SubscribeMessage,
    TemplateMessage,
    WeChatRefused,
)


@dataclass
class FakeWeChat:
    """Codes are `login:<openid>` and `phone:<number>`; anything else is refused like a used code."""

    subscribe_messages: list[SubscribeMessage] = field(default_factory=list)
    template_messages: list[TemplateMessage] = field(default_factory=list)
    official_subscribes: list[OfficialSubscribeMessage] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    # By clientmsgid: who got what, and how often it was asked for.
    masses: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    mass_calls: list[str] = field(default_factory=list)
    # Errors waiting for the next mass messages: raised before WeChat takes one, or after it took it.
    mass_failures: list[Exception] = field(default_factory=list)
    lost_mass_answers: list[Exception] = field(default_factory=list)
    menus: list[list[dict[str, Any]]] = field(default_factory=list)
    scenes: list[str] = field(default_factory=list)
    unionids: dict[str, str] = field(default_factory=dict)
    # Errors waiting for an openid, raised one per send, oldest first.
    failures: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))

    async def code_to_session(self, *, code: str) -> MiniSession:
        kind, _, openid = code.partition(":")
        if kind != "login" or not openid:
            raise WeChatRefused(errcode=40029, errmsg="invalid code rid: 0")
        return MiniSession(openid=openid, unionid=self.unionids.get(openid))

    async def phone_number(self, *, code: str, openid: str) -> str:
        kind, _, number = code.partition(":")
        if kind != "phone" or not number:
            raise WeChatRefused(errcode=40029, errmsg="invalid code rid: 0")
        return number

    async def send_subscribe(self, message: SubscribeMessage) -> SendReceipt:
        self._fail_as_told(message.openid)
        self.subscribe_messages.append(message)
        return SendReceipt(msgid=str(1000 + len(self.subscribe_messages)))

    async def send_template(self, message: TemplateMessage) -> SendReceipt:
        self._fail_as_told(message.openid)
        self.template_messages.append(message)
        return SendReceipt(msgid=str(5000 + len(self.template_messages)))

    async def send_official_subscribe(self, message: OfficialSubscribeMessage) -> None:
        self._fail_as_told(message.openid)
        self.official_subscribes.append(message)

    async def mass_send_text(
        self, *, openids: Sequence[str], content: str, client_msg_id: str
    ) -> MassReceipt:
        self.mass_calls.append(client_msg_id)
        if self.mass_failures:
            raise self.mass_failures.pop(0)
        before = client_msg_id in self.masses
        self.masses.setdefault(client_msg_id, (list(openids), content))
        if self.lost_mass_answers:
            raise self.lost_mass_answers.pop(0)
        return MassReceipt(msgid=f"9{client_msg_id.removeprefix('lxm')}", was_sent_before=before)

    async def send_text(self, *, openid: str, content: str) -> None:
        self._fail_as_told(openid)
        self.texts.append((openid, content))

    async def create_menu(self, *, buttons: Sequence[Mapping[str, Any]]) -> None:
        self.menus.append([dict(button) for button in buttons])

    async def create_scene_qr(self, *, scene: str, expire_seconds: int) -> SceneQr:
        self.scenes.append(scene)
        return SceneQr(ticket="ticket", url=f"http://weixin.qq.com/q/{len(self.scenes)}")

    async def official_unionid(self, *, openid: str) -> str | None:
        return self.unionids.get(openid)

    async def close(self) -> None:
        """Nothing to close."""

    def _fail_as_told(self, openid: str) -> None:
        if self.failures[openid]:
            raise self.failures[openid].pop(0)
