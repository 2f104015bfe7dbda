"""wechatpy's client on aiohttp, and the gateway that the program uses, over both accounts."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn, Self

from wechatpy import WeChatClient

from app.wechat.account import WeChatAccount
from app.wechat.errcodes import TOKEN_FAULTS, Reaction
from app.wechat.gateway import (
    MassReceipt,
    MiniSession,
    OfficialSubscribeMessage,
    SceneQr,
    SendReceipt,
    SubscribeMessage,
    TemplateMessage,
    WeChatRefused,
    WeChatUnanswered,
)
from app.wechat.tokens import AccessTokens, MemoryTokenCache, TokenCache
from app.wechat.wire import CONNECT_SECONDS, TOTAL_SECONDS, Answer, Wire, errcode_of, to_json

WECHAT_HOST = "https://api.weixin.qq.com"

# developers.weixin.qq.com/doc/service/api/qrcode: scene_str 1–64 characters, at most 30 days.
SCENE_CHARS = 64
SCENE_SECONDS = 2_592_000

# mass/send by openids: the guide allows a clientmsgid of 64 bytes, yet one of 36 was refused (45067).
FEWEST_OF_MASS = 2
MOST_OF_MASS = 10_000
CLIENT_ID_BYTES = 32
_SENT_BEFORE = 45065

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_NO_PARAMS: Mapping[str, str] = {}


class AsyncWeChatClient(WeChatClient):  # type: ignore[misc]  # wechatpy ships no types
    """wechatpy's client for one account, with every request awaited.

    The api classes of wechatpy (``client.menu``, ``client.user``, …) only build a request and hand it to
    ``get`` or ``post``, so that each of their methods returns what to await. Methods that look into the
    result themselves (``user.iter_followers``, ``jsapi.get_jsapi_ticket``, …), fetch by themselves
    (``qrcode.show``) or upload files do not work here.

    ``super().__init__`` is not called: it would open a blocking session and a token store of its own.
    """

    def __init__(self, *, account: WeChatAccount, wire: Wire, tokens: AccessTokens) -> None:
        self.appid = account.appid
        self.secret = account.secret
        self._wire = wire
        self._tokens = tokens

    @property
    def access_token(self) -> NoReturn:
        """Say that there is no token to read: it is awaited with each request."""
        # wechatpy reads every property before __init__ and overlooks no other error.
        raise AttributeError("access tokens are awaited, see app.wechat.tokens")

    def fetch_access_token(self) -> NoReturn:
        """Refuse: ``cgi-bin/token`` would kill the token of every other process."""
        raise TypeError("access tokens come from app.wechat.tokens")

    async def _request(
        self,
        method: str,
        url_or_endpoint: str,
        *,
        api_base_url: str = WeChatClient.API_BASE_URL,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        result_processor: Callable[[Any], Any] | None = None,
    ) -> Any:
        answer = await self.call(
            method=method.upper(),
            path=_path_of(url_or_endpoint, api_base_url),
            params={name: str(value) for name, value in (params or {}).items()},
            body=to_json(data) if isinstance(data, Mapping) else data,
        )
        return answer if result_processor is None else result_processor(answer)

    async def call(
        self,
        *,
        method: str,
        path: str,
        params: Mapping[str, str] = _NO_PARAMS,
        body: bytes | None = None,
    ) -> Answer | bytes:
        """Ask WeChat one thing for this account, with a new token once if the first is no longer taken.

        Raises:
            WeChatRefused: the answer was no; two bad tokens in a row stop the account, since either the
                secret is wrong or another program fetches tokens for the same account.
            WeChatNotReached, WeChatUnanswered: no answer.
        """
        if path.startswith("/sns/"):
            answer = await self._wire.exchange(method=method, path=path, params=params, body=body)
            return self._accepted(answer, errcode_of(answer))
        token = await self._tokens.current()
        answer, errcode = await self._with_token(token.value, method, path, params=params, body=body)
        if errcode not in TOKEN_FAULTS:
            return self._accepted(answer, errcode)
        token = await self._tokens.replace(token)
        answer, errcode = await self._with_token(token.value, method, path, params=params, body=body)
        return self._accepted(answer, errcode)

    async def _with_token(
        self, token: str, method: str, path: str, *, params: Mapping[str, str], body: bytes | None
    ) -> tuple[Answer | bytes, int]:
        answer = await self._wire.exchange(
            method=method, path=path, params={**params, "access_token": token}, body=body
        )
        return answer, errcode_of(answer)

    @staticmethod
    def _accepted(answer: Answer | bytes, errcode: int) -> Answer | bytes:
        if errcode == 0 or isinstance(answer, bytes):
            return answer
        raise WeChatRefused(
            errcode=errcode,
            errmsg=str(answer.get("errmsg", "")),
            reaction=Reaction.STOP_ACCOUNT if errcode in TOKEN_FAULTS else None,
            msg_id=_number(answer, "msg_id"),
        )


def _path_of(url_or_endpoint: str, api_base_url: str) -> str:
    """Return the path under our own base of an address that wechatpy built for WeChat's host."""
    url = url_or_endpoint
    if not url.startswith(("https://", "http://")):
        url = api_base_url + url
    if not url.startswith(WECHAT_HOST + "/"):
        raise ValueError("this client sends tokens to WeChat's API host only")
    return url.removeprefix(WECHAT_HOST)


class HttpWeChat:
    """WeChat over HTTPS: the mini program for cadres, the service account for guardians.

    Args:
        wire: shared by both accounts.
        mini: client of the mini program.
        official: client of the service account.
        mini_state: version of the mini program that a 订阅消息 opens: formal, trial or developer.
    """

    def __init__(
        self, *, wire: Wire, mini: AsyncWeChatClient, official: AsyncWeChatClient, mini_state: str = "formal"
    ) -> None:
        self.mini = mini
        self.official = official
        self._wire = wire
        self._mini_state = mini_state

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all sockets."""
        await self._wire.close()

    async def code_to_session(self, *, code: str) -> MiniSession:
        """Say who opened the mini program, by the one-use code of ``wx.login``."""
        answer = _object(await self.mini.wxa.code_to_session(code))
        return MiniSession(openid=_text(answer, "openid"), unionid=_optional_text(answer, "unionid"))

    async def phone_number(self, *, code: str, openid: str) -> str:
        """Return the 11-digit mobile number that this person showed us, by the one-use code.

        Raises:
            WeChatRefused: also, with errcode 0, when the number is of another mini program or not a mobile
                number of the mainland.
        """
        # With the openid WeChat itself checks that the code belongs to this person.
        body = to_json({"code": code, "openid": openid})
        answer = await self.mini.call(method="POST", path="/wxa/business/getuserphonenumber", body=body)
        info = _object(_object(answer).get("phone_info"))
        if _object(info.get("watermark")).get("appid") != self.mini.appid:
            raise _unusable("the number was shown to another mini program", "手机号不是在本小程序里授权的")
        number = _text(info, "purePhoneNumber")
        if str(info.get("countryCode", "86")) != "86" or not _MOBILE.fullmatch(number):
            raise _unusable("not a mobile number of the mainland", "请使用中国大陆的手机号")
        return number

    async def send_subscribe(self, message: SubscribeMessage) -> SendReceipt:
        """Send a 订阅消息 of the mini program. There is no key against doubles: one call, one credit."""
        content: dict[str, Any] = {
            "touser": message.openid,
            "template_id": message.template_id,
            "data": {name: {"value": value} for name, value in message.fields.items()},
            "miniprogram_state": self._mini_state,
            "lang": "zh_CN",
        }
        if message.page is not None:
            content["page"] = message.page
        answer = await self.mini.call(
            method="POST", path="/cgi-bin/message/subscribe/send", body=to_json(content)
        )
        return _receipt(answer)

    async def send_template(self, message: TemplateMessage) -> SendReceipt:
        """Send a 模板消息 of the service account."""
        content: dict[str, Any] = {
            "touser": message.openid,
            "template_id": message.template_id,
            "data": {name: {"value": value} for name, value in message.fields.items()},
            "client_msg_id": message.client_msg_id,
        }
        if message.url is not None:
            content["url"] = message.url
        if message.mini_page is not None:
            content["miniprogram"] = {"appid": self.mini.appid, "pagepath": message.mini_page}
        answer = await self.official.call(
            method="POST", path="/cgi-bin/message/template/send", body=to_json(content)
        )
        return _receipt(answer)

    async def send_official_subscribe(self, message: OfficialSubscribeMessage) -> None:
        """Send a 订阅通知 of the service account. No key against doubles, and no number of the message."""
        content: dict[str, Any] = {
            "touser": message.openid,
            "template_id": message.template_id,
            "data": {name: {"value": value} for name, value in message.fields.items()},
        }
        if message.mini_page is not None:
            content["miniprogram"] = {"appid": self.mini.appid, "pagepath": message.mini_page}
        await self.official.call(
            method="POST", path="/cgi-bin/message/subscribe/bizsend", body=to_json(content)
        )

    async def mass_send_text(
        self, *, openids: Sequence[str], content: str, client_msg_id: str
    ) -> MassReceipt:
        """Send one text to 2 to 10,000 followers (群发); the same ``client_msg_id`` once in 24 hours.

        Raises:
            ValueError: too few or too many people, or an id that WeChat would refuse.
        """
        if not FEWEST_OF_MASS <= len(openids) <= MOST_OF_MASS:
            raise ValueError("a mass message goes to 2 to 10,000 people")
        if not 1 <= len(client_msg_id.encode()) <= CLIENT_ID_BYTES:
            raise ValueError("a clientmsgid has 1 to 32 bytes")
        wanted = {
            "touser": list(openids),
            "msgtype": "text",
            "text": {"content": content},
            "clientmsgid": client_msg_id,
        }
        try:
            answer = await self.official.call(
                method="POST", path="/cgi-bin/message/mass/send", body=to_json(wanted)
            )
        except WeChatRefused as refusal:
            if refusal.errcode != _SENT_BEFORE:
                raise
            return MassReceipt(msgid=refusal.msg_id, was_sent_before=True)
        return MassReceipt(msgid=_number(_object(answer), "msg_id"))

    async def send_text(self, *, openid: str, content: str) -> None:
        """Send a 客服消息 text of the service account, within the window the person opened."""
        await self.official.message.send_text(openid, content)

    async def create_menu(self, *, buttons: Sequence[Mapping[str, Any]]) -> None:
        """Replace the service account's menu; followers see it within a day, or when they follow again."""
        await self.official.menu.create({"button": list(buttons)})

    async def create_scene_qr(self, *, scene: str, expire_seconds: int) -> SceneQr:
        """Make a QR code that tells us who scanned it; ``scene`` is 1–64 characters and names nobody.

        Raises:
            ValueError: the scene is too long or empty, or the code is to live longer than 30 days.
        """
        if not 1 <= len(scene) <= SCENE_CHARS or not 1 <= expire_seconds <= SCENE_SECONDS:
            raise ValueError("a scene has 1 to 64 characters and lives at most 30 days")
        wanted = {
            "expire_seconds": expire_seconds,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        answer = _object(await self.official.qrcode.create(wanted))
        return SceneQr(ticket=_text(answer, "ticket"), url=_text(answer, "url"))

    async def official_unionid(self, *, openid: str) -> str | None:
        """Return the unionid of a follower of the service account; None when WeChat gives none."""
        return _optional_text(_object(await self.official.user.get(openid)), "unionid")


def connect_wechat(  # noqa: PLR0913 - one argument for each setting
    *,
    mini: WeChatAccount,
    official: WeChatAccount,
    connections: int,
    api_base: str = WECHAT_HOST,
    cache: TokenCache | None = None,
    mini_state: str = "formal",
    connect_seconds: float = CONNECT_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
) -> HttpWeChat:
    """Build the gateway inside the running loop; nothing is sent until it is used. Close it at the end.

    Args:
        mini: the mini program.
        official: the service account.
        connections: sockets open at once; as many as messages sent at once.
        api_base: where WeChat's API is.
        cache: where tokens are kept; in this process alone when None.
        mini_state: version of the mini program that a 订阅消息 opens: formal, trial or developer.
        connect_seconds: longest wait for a connection.
        total_seconds: longest wait for an answer.
    """
    wire = Wire(
        api_base=api_base,
        connections=connections,
        connect_seconds=connect_seconds,
        total_seconds=total_seconds,
    )
    kept = MemoryTokenCache() if cache is None else cache

    def client(account: WeChatAccount) -> AsyncWeChatClient:
        tokens = AccessTokens(account=account, wire=wire, cache=kept)
        return AsyncWeChatClient(account=account, wire=wire, tokens=tokens)

    return HttpWeChat(wire=wire, mini=client(mini), official=client(official), mini_state=mini_state)


def _receipt(answer: Answer | bytes) -> SendReceipt:
    msgid = _object(answer).get("msgid")
    return SendReceipt(msgid=None if msgid is None else str(msgid))


def _object(answer: Any) -> Answer:
    if not isinstance(answer, dict):
        raise WeChatUnanswered("the answer does not hold what was asked for")
    return answer


def _text(answer: Answer, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise WeChatUnanswered(f"the answer holds no {name}")
    return value


def _optional_text(answer: Answer, name: str) -> str | None:
    value = answer.get(name)
    return value if isinstance(value, str) and value else None


def _number(answer: Answer, name: str) -> str | None:
    value = answer.get(name)
    return str(value) if isinstance(value, int | str) and value else None


def _unusable(errmsg: str, sentence: str) -> WeChatRefused:
    return WeChatRefused(errcode=0, errmsg=errmsg, reaction=Reaction.GIVE_UP_RECIPIENT, sentence=sentence)
