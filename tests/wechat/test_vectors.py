"""The examples that WeChat worked out itself, in its documents."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.wechat.account import WeChatAccount
from app.wechat.callback import RejectReason, check_url
from app.wechat.envelope import seal, signature_of, unseal
from tests.wechat.factories import (
    Delivery,
    opened,
    refused,
)

VECTORS: dict[str, dict[str, str]] = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))["vectors"]
}


def vector_account(vector: dict[str, str]) -> WeChatAccount:
    return WeChatAccount(
        appid=vector.get("appid", "wx"),
        secret="",
        token=vector["token"],
        aes_key=vector.get("encoding_aes_key", "A" * 43),
        json_pushes=True,
    )


def test_wechats_example_of_a_url_check_is_echoed() -> None:
    vector = VECTORS["official-url"]

    assert check_url(account=vector_account(vector), query=vector) == vector["echostr"]


def test_wechats_example_of_a_plain_push_has_the_signature_we_compute_and_is_refused() -> None:
    vector = VECTORS["official-plain-json"]
    query = {name: vector[name] for name in ("signature", "timestamp", "nonce")}
    now = datetime.fromtimestamp(int(vector["timestamp"]), UTC)

    reason = refused(vector_account(vector), Delivery(query, vector["body"].encode()), now)

    assert signature_of(vector["token"], vector["timestamp"], vector["nonce"]) == vector["signature"]
    assert reason is RejectReason.UNSIGNED


@pytest.mark.parametrize("name", ["official-secure-json", "official-secure-xml"])
def test_wechats_example_of_a_secure_push_is_opened(name: str) -> None:
    vector = VECTORS[name]
    account = vector_account(vector)
    body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": vector["encrypt"]})
    if name.endswith("xml"):
        body = f"<xml><ToUserName>gh_97417a04a28d</ToUserName><Encrypt>{vector['encrypt']}</Encrypt></xml>"
    query = {part: vector[part] for part in ("signature", "timestamp", "nonce", "msg_signature")}

    push = opened(
        account,
        Delivery(query | {"encrypt_type": "aes"}, body.encode()),
        datetime.fromtimestamp(int(vector["timestamp"]), UTC),
    )

    assert unseal(account=account, sealed=vector["encrypt"]).decode() == vector["plain"]
    assert (push.openid, push.event) == ("o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "debug_demo")
    assert push.raw["debug_str"] == "hello world"


@pytest.mark.parametrize("name", ["official-secure-json-reply", "official-secure-xml-reply"])
def test_wechats_example_of_a_reply_is_sealed_to_the_letter(name: str) -> None:
    vector = VECTORS[name]
    account = vector_account(vector)

    text = seal(account=account, content=vector["plain"].encode(), random=vector["random"].encode())

    assert text == vector["encrypt"]
    assert (
        signature_of(vector["token"], vector["timestamp"], vector["nonce"], text) == vector["msg_signature"]
    )
