"""What others may post to a callback address, and how it is refused."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.wechat.callback import MAX_BODY_BYTES, CallbackRejected, RejectReason, check_url, open_push
from tests.wechat.factories import (
    MINI,
    NONCE,
    NOW,
    OFFICIAL,
    TEXT,
    Delivery,
    delivered,
    delivery_of,
    encrypted,
    event,
    json_push,
    opened,
    padded,
    refused,
    sealed,
    seconds,
    sha1_of,
    xml_push,
)


def url_query(echo: str = "4375120948345356249") -> dict[str, str]:
    signature = sha1_of(OFFICIAL.token, seconds(), NONCE)
    return {"signature": signature, "timestamp": seconds(), "nonce": NONCE, "echostr": echo}


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce", "echostr"])
def test_a_url_check_without_one_of_its_parts_is_refused(name: str) -> None:
    query = {key: value for key, value in url_query().items() if key != name}

    with pytest.raises(CallbackRejected):
        check_url(account=OFFICIAL, query=query)


@pytest.mark.parametrize("signature", ["0" * 40, "é" * 40, "x" * 200, "\ud800"])
def test_a_url_check_with_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(CallbackRejected):
        check_url(account=OFFICIAL, query=url_query() | {"signature": signature})


@pytest.mark.parametrize("echo", ["<script>alert(1)</script>", "中文", "a\r\nb", "1" * 257])
def test_a_url_check_echoes_nothing_but_a_plain_word(echo: str) -> None:
    with pytest.raises(CallbackRejected):
        check_url(account=OFFICIAL, query=url_query(echo))


def test_a_push_in_clear_text_is_refused_even_with_a_right_signature() -> None:
    delivery = replace(delivered(OFFICIAL, TEXT), body=TEXT.encode()).without_query(
        "encrypt_type", "msg_signature"
    )

    assert refused(OFFICIAL, delivery) is RejectReason.UNSIGNED


def test_a_push_in_clear_text_is_refused_when_it_claims_to_be_encrypted() -> None:
    delivery = replace(delivered(OFFICIAL, TEXT), body=TEXT.encode())

    assert refused(OFFICIAL, delivery) is RejectReason.UNSIGNED


@pytest.mark.parametrize("name", ["encrypt_type", "msg_signature", "timestamp", "nonce"])
def test_a_push_without_one_of_its_signed_parts_is_refused(name: str) -> None:
    assert refused(OFFICIAL, delivered(OFFICIAL, TEXT).without_query(name)) is RejectReason.UNSIGNED


@pytest.mark.parametrize("signature", ["0" * 40, "é" * 40, "\ud800"])
def test_a_push_with_a_wrong_signature_is_refused(signature: str) -> None:
    delivery = delivered(OFFICIAL, TEXT).with_query(msg_signature=signature)

    assert refused(OFFICIAL, delivery) is RejectReason.SIGNATURE


def test_the_plain_signature_does_not_stand_in_for_the_one_over_the_content() -> None:
    delivery = delivered(OFFICIAL, TEXT)

    swapped = delivery.with_query(msg_signature=delivery.query["signature"])

    assert refused(OFFICIAL, swapped) is RejectReason.SIGNATURE


def test_a_push_for_another_account_is_refused_although_it_is_signed() -> None:
    delivery = delivery_of(OFFICIAL, sealed(OFFICIAL, TEXT, appid=MINI.appid))

    assert refused(OFFICIAL, delivery) is RejectReason.APPID


@pytest.mark.parametrize("appid", ["", OFFICIAL.appid + "x", OFFICIAL.appid[:-1]])
def test_the_trailing_appid_must_be_exactly_ours(appid: str) -> None:
    assert refused(OFFICIAL, delivery_of(OFFICIAL, sealed(OFFICIAL, TEXT, appid=appid))) is RejectReason.APPID


@pytest.mark.parametrize("offset", [-301, 301])
def test_a_push_from_another_time_is_refused(offset: int) -> None:
    delivery = delivered(OFFICIAL, TEXT, moment=NOW + timedelta(seconds=offset))

    assert refused(OFFICIAL, delivery) is RejectReason.STALE


@pytest.mark.parametrize("offset", [-300, 300])
def test_a_push_within_five_minutes_is_opened(offset: int) -> None:
    delivery = delivered(OFFICIAL, TEXT, moment=NOW + timedelta(seconds=offset))

    assert opened(OFFICIAL, delivery).content == "低保怎么申请"


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1e9", "９", "9" * 40])
def test_a_push_whose_time_is_no_number_is_refused(timestamp: str) -> None:
    seal_text = sealed(OFFICIAL, TEXT)
    signature = sha1_of(OFFICIAL.token, timestamp, NONCE, seal_text)
    delivery = delivery_of(OFFICIAL, seal_text).with_query(timestamp=timestamp, msg_signature=signature)

    assert refused(OFFICIAL, delivery) is RejectReason.STALE


def test_a_body_of_more_than_64_kib_is_refused() -> None:
    delivery = delivered(OFFICIAL, TEXT)

    whole = replace(delivery, body=delivery.body + b" " * (MAX_BODY_BYTES - len(delivery.body)))
    larger = replace(whole, body=whole.body + b" ")

    assert opened(OFFICIAL, whole).msg_type == "text"
    assert refused(OFFICIAL, larger) is RejectReason.TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"<xml><Encrypt>",
        b"<html><Encrypt>x</Encrypt></html>",
        b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
        b"<xml><Encrypt><b>a</b></Encrypt></xml>",
        b"<!DOCTYPE xml><xml><Encrypt>x</Encrypt></xml>",
        b'<!DOCTYPE x [<!ENTITY a "x">]><xml><Encrypt>&a;</Encrypt></xml>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>',
        b'<?xml version="1.0" encoding="utf-16"?><xml></xml',
        b"<xml>" + b"<a>" * 9_000 + b"</a>" * 9_000 + b"</xml>",
        b'{"Encrypt":',
        b'{"Encrypt": ["x"]}',
        b'{"Encrypt": true}',
        b'{"a":' * 10_000,
        b"[1]",
    ],
)
def test_a_body_that_is_no_envelope_is_refused(body: bytes) -> None:
    assert refused(OFFICIAL, replace(delivered(OFFICIAL, TEXT), body=body)) is RejectReason.MALFORMED


@pytest.mark.parametrize(
    "seal_text",
    [
        "not base64!",
        "中文",
        "QUJD",
        "A===",
        encrypted(OFFICIAL, b"R" * 32 + b"\x00" * 32),
        encrypted(OFFICIAL, b"R" * 31 + b"\x21"),
        encrypted(OFFICIAL, b"R" * 16 + b"\x20" * 16),
        encrypted(OFFICIAL, b"\x20" * 31 + b"\x1f" + b"\x20" * 32),
        encrypted(OFFICIAL, b"R" * 62 + b"\x03\x02"),
        encrypted(OFFICIAL, padded(b"R" * 16)),
        encrypted(OFFICIAL, padded(b"R" * 19)),
        encrypted(OFFICIAL, padded(b"R" * 16 + b"\xff\xff\xff\xff" + TEXT.encode())),
    ],
)
def test_a_signed_text_that_does_not_decrypt_to_a_letter_is_refused(seal_text: str) -> None:
    assert refused(OFFICIAL, delivery_of(OFFICIAL, seal_text)) is RejectReason.CIPHERTEXT


@pytest.mark.parametrize("padding", [b"\x03\x05" + b"\x05" * 3, b"\x30" * 48, b"\x40" * 64])
def test_a_letter_with_wrong_padding_is_refused_although_the_rest_is_right(padding: bytes) -> None:
    content = TEXT.encode()
    room = -(16 + 4 + len(content) + len(OFFICIAL.appid) + len(padding)) % 32
    filled = content + b" " * room
    whole = b"R" * 16 + len(filled).to_bytes(4, "big") + filled + OFFICIAL.appid.encode() + padding

    reason = refused(OFFICIAL, delivery_of(OFFICIAL, encrypted(OFFICIAL, whole)))

    assert reason is RejectReason.CIPHERTEXT


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "success",
        "<!DOCTYPE xml><xml><MsgType>text</MsgType></xml>",
        b"<xml>\xff\xfe</xml>",
        "<xml></xml>",
        "<xml>text only</xml>",
        xml_push(Content="无类型"),
        xml_push(MsgType="event"),
        xml_push(MsgType="text", FromUserName=""),
        xml_push(MsgType="text", FromUserName="o' OR 1=1"),
        xml_push(MsgType="text", ToUserName=""),
        xml_push(MsgType="text", CreateTime=""),
        xml_push(MsgType="text", CreateTime="yesterday"),
        xml_push(MsgType="text", CreateTime="99999999999999999999"),
        xml_push(MsgType="text").replace("</xml>", "<MsgType>event</MsgType></xml>"),
        xml_push(MsgType="<b>text</b>"),
        event("TEMPLATESENDJOBFINISH", Status="success"),
        event("user_authorization_revoke", RevokeInfo="8"),
        event("subscribe_msg_popup_event", SubscribeMsgPopupEvent="<List>x</List>"),
        event("subscribe_msg_popup_event", SubscribeMsgPopupEvent="<List><PopupScene>1</PopupScene></List>"),
        event(
            "subscribe_msg_sent_event",
            SubscribeMsgSentEvent="<List><TemplateId>T</TemplateId><ErrorCode>none</ErrorCode></List>",
        ),
        event(
            "subscribe_msg_popup_event",
            SubscribeMsgPopupEvent="<List><TemplateId>T</TemplateId></List>" * 51,
        ),
    ],
)
def test_a_decrypted_push_that_makes_no_sense_is_refused(plain: str | bytes) -> None:
    assert refused(OFFICIAL, delivered(OFFICIAL, plain)) is RejectReason.MALFORMED


def test_json_is_refused_where_the_account_pushes_xml() -> None:
    push = json_push(MsgType="text", Content="x", MsgId=1)

    assert refused(OFFICIAL, delivered(OFFICIAL, push, as_json=True)) is RejectReason.MALFORMED


@pytest.mark.parametrize(
    ("plain", "as_json"), [(json_push(MsgType="text", Content="x"), False), (TEXT, True)], ids=["json", "xml"]
)
def test_a_letter_of_another_format_than_its_envelope_is_refused(plain: str, as_json: bool) -> None:
    assert refused(MINI, delivered(MINI, plain, as_json=as_json)) is RejectReason.MALFORMED


@settings(deadline=None)
@given(body=st.binary(max_size=300), timestamp=st.text(max_size=20), nonce=st.text(max_size=20))
def test_whatever_is_posted_nothing_but_a_refusal_comes_out(body: bytes, timestamp: str, nonce: str) -> None:
    query = {"encrypt_type": "aes", "msg_signature": "0" * 40, "timestamp": timestamp, "nonce": nonce}

    with pytest.raises(CallbackRejected):
        open_push(account=MINI, query=query, body=body, now=NOW)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("MsgType", "Event", "FromUserName", "OpenID", "CreateTime", "EventKey", "MsgID", "Status", "List")
EVENTS = st.sampled_from(["subscribe_msg_sent_event", "TEMPLATESENDJOBFINISH", "user_info_modified"])


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES | EVENTS, max_size=9))
def test_whatever_a_signed_push_holds_it_is_read_or_refused(fields: dict[str, Any]) -> None:
    plain = json.dumps(json.loads(json_push(MsgType="event", Event="subscribe", OpenID="o1")) | fields)

    delivery = delivered(MINI, plain, as_json=True)

    assert outcome_of(delivery) in {"read", RejectReason.MALFORMED}


def outcome_of(delivery: Delivery) -> str:
    try:
        push = opened(MINI, delivery)
    except CallbackRejected as rejected:
        return rejected.reason
    return "read" if len(push.dedupe_key) == 32 else "read without a key"


def test_a_refusal_tells_a_reason_and_nothing_of_what_was_sent() -> None:
    with pytest.raises(CallbackRejected) as caught:
        opened(OFFICIAL, delivered(OFFICIAL, TEXT).with_query(msg_signature="f" * 40))

    assert str(caught.value) == "signature"
