"""A client that calls the sandbox's APIs and moves its people, over real HTTP."""

from dataclasses import dataclass, field
from typing import Any

import httpx

SECRETS = {"mini": ("wxmini0001", "minisecret"), "official": ("wxofficial1", "officialsecret")}


@dataclass
class Api:
    http: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.http.get(path, params=query)).json()

    async def do(self, path: str, body: Any = None) -> Any:
        response = await self.http.post(f"/_sandbox/{path}", json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def token(self, account: str) -> str:
        if account not in self.tokens:
            appid, secret = SECRETS[account]
            body = {"grant_type": "client_credential", "appid": appid, "secret": secret}
            answer = (await self.http.post("/cgi-bin/stable_token", json=body)).json()
            self.tokens[account] = answer["access_token"]
        return self.tokens[account]

    async def call(self, account: str, path: str, body: Any) -> Any:
        query = {"access_token": await self.token(account)}
        return (await self.http.post(path, params=query, json=body)).json()

    async def openid(self, who: str, account: str) -> str:
        return str((await self.get(f"/_sandbox/users/{who}"))["openids"][account])

    async def remind(self, who: str = "cadre", **more: Any) -> Any:
        data = {"thing1": {"value": "端午前请联系"}, "date2": {"value": "2026-06-01"}}
        body = {"touser": await self.openid(who, "mini"), "template_id": "REMIND", "data": data}
        return await self.call("mini", "/cgi-bin/message/subscribe/send", {**body, **more})

    async def policy(self, who: str = "guardian", text: str = "您有1条政策通知", **more: Any) -> Any:
        data = {"thing1": {"value": text}}
        body = {"touser": await self.openid(who, "official"), "template_id": "POLICY", "data": data}
        return await self.call("official", "/cgi-bin/message/template/send", {**body, **more})

    async def notify(self, who: str = "guardian", template: str = "NOTICE", **more: Any) -> Any:
        data = {"thing1": {"value": "护理补贴"}}
        body = {"touser": await self.openid(who, "official"), "template_id": template, "data": data}
        return await self.call("official", "/cgi-bin/message/subscribe/bizsend", {**body, **more})

    async def mass(self, *who: str, text: str = "节日问候", **more: Any) -> Any:
        openids = [await self.openid(each, "official") for each in who]
        body = {"touser": openids, "msgtype": "text", "text": {"content": text}}
        return await self.call("official", "/cgi-bin/message/mass/send", {**body, **more})

    async def chat(self, who: str = "guardian", text: str = "您好") -> Any:
        body = {"touser": await self.openid(who, "official"), "msgtype": "text", "text": {"content": text}}
        return await self.call("official", "/cgi-bin/message/custom/send", body)

    async def settle(self) -> None:
        assert (await self.do("settle"))["settled"]

    async def deliveries(self, **query: Any) -> Any:
        return await self.get("/_sandbox/deliveries", **query)

    async def ledger(self, **query: Any) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = (await self.get("/_sandbox/ledger", **query))["entries"]
        return entries
