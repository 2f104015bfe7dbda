"""What the person reads at once, and what nobody can write into it."""

from typing import Any

import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from app.wechat.account import WeChatAccount
from app.wechat.callback import seal_text_reply
from app.wechat.envelope import seal, unseal
from tests.wechat.factories import (
    NONCE,
    NOW,
    OFFICIAL,
    OPENID,
    TEXT,
    delivered,
    delivery_of,
    opened,
    seconds,
    sha1_of,
)


def answered(text: str, nonce: str = NONCE) -> tuple[dict[str, str], Any]:
    push = opened(OFFICIAL, delivered(OFFICIAL, TEXT))
    reply = seal_text_reply(account=OFFICIAL, push=push, text=text, now=NOW, nonce=nonce)
    outer = {child.tag: child.text or "" for child in ElementTree.fromstring(reply.decode())}
    return outer, ElementTree.fromstring(unseal(account=OFFICIAL, sealed=outer["Encrypt"]).decode())


def test_a_reply_is_signed_and_goes_back_to_the_person() -> None:
    outer, inner = answered("请到户籍地残联申请")

    assert outer["TimeStamp"] == seconds()
    assert outer["Nonce"] == NONCE
    assert outer["MsgSignature"] == sha1_of(OFFICIAL.token, seconds(), NONCE, outer["Encrypt"])
    assert {child.tag: child.text for child in inner} == {
        "ToUserName": OPENID,
        "FromUserName": "gh_1",
        "CreateTime": seconds(),
        "MsgType": "text",
        "Content": "请到户籍地残联申请",
    }


@pytest.mark.parametrize(
    "text",
    [
        "a]]><MsgType><![CDATA[news]]></MsgType><x><![CDATA[",
        "]]>",
        "]]]]>>",
        "]]]]><![CDATA[>",
        "<b>&amp;</b>",
    ],
)
def test_a_reply_cannot_write_elements_of_its_own(text: str) -> None:
    _, inner = answered(text)

    assert [child.tag for child in inner] == [
        "ToUserName",
        "FromUserName",
        "CreateTime",
        "MsgType",
        "Content",
    ]
    assert inner.find("MsgType").text == "text"
    assert inner.find("Content").text == text


def test_a_nonce_cannot_write_elements_of_its_own() -> None:
    outer, _ = answered("好", nonce="]]></Nonce><Encrypt>x</Encrypt><Nonce><![CDATA[")

    assert outer["Nonce"] == "]]></Nonce><Encrypt>x</Encrypt><Nonce><![CDATA["
    assert outer["MsgSignature"] == sha1_of(OFFICIAL.token, seconds(), outer["Nonce"], outer["Encrypt"])


def test_characters_that_xml_does_not_know_are_left_out_of_a_reply() -> None:
    _, inner = answered("好\x00\x0b\ud83d的")

    assert inner.find("Content").text == "好的"


def test_two_seals_of_one_text_differ() -> None:
    assert seal(account=OFFICIAL, content=b"x") != seal(account=OFFICIAL, content=b"x")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_is_sealed_is_unsealed(content: bytes) -> None:
    assert unseal(account=OFFICIAL, sealed=seal(account=OFFICIAL, content=content)) == content


def test_wechatpy_and_we_read_each_other() -> None:
    theirs = WeChatCrypto(OFFICIAL.token, OFFICIAL.aes_key, OFFICIAL.appid)
    outer, _ = answered("两种实现互相读得懂")

    read = theirs.decrypt_message(
        {"Encrypt": outer["Encrypt"]}, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]
    )
    written = theirs.encrypt_message(TEXT, NONCE, seconds())
    encrypt = ElementTree.fromstring(written).find("Encrypt").text

    assert "两种实现互相读得懂" in read
    assert opened(OFFICIAL, delivery_of(OFFICIAL, encrypt)).content == "低保怎么申请"


@pytest.mark.parametrize("aes_key", ["", "A" * 42, "A" * 44, "!" * 43, "中" * 43], ids=len)
def test_an_account_with_a_damaged_key_cannot_be_made(aes_key: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        WeChatAccount(appid="wx1", secret="s", token="t", aes_key=aes_key)
