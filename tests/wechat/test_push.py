"""What WeChat tells us, in XML and in JSON, once and again."""

import json
from datetime import timedelta

import pytest

from app.wechat.envelope import seal
from app.wechat.push import MassResult, SubscribeResult
from tests.wechat.factories import (
    MINI,
    NOW,
    OFFICIAL,
    OPENID,
    TEXT,
    delivered,
    delivery_of,
    event,
    json_push,
    opened,
    seconds,
    xml_push,
)


def test_a_text_message_is_read() -> None:
    push = opened(OFFICIAL, delivered(OFFICIAL, TEXT))

    assert push.openid == OPENID
    assert push.to_user == "gh_1"
    assert push.created_at == NOW
    assert (push.msg_type, push.event, push.content) == ("text", None, "低保怎么申请")
    assert push.msg_id == "23456789012345678"


def test_a_follower_who_came_by_a_qr_code_brings_its_scene() -> None:
    push = opened(OFFICIAL, delivered(OFFICIAL, event("subscribe", EventKey="qrscene_b7Kx", Ticket="gQH")))

    assert (push.event, push.event_key, push.ticket, push.scene) == (
        "subscribe",
        "qrscene_b7Kx",
        "gQH",
        "b7Kx",
    )


def test_a_follower_who_scans_again_brings_the_scene_without_a_prefix() -> None:
    assert opened(OFFICIAL, delivered(OFFICIAL, event("SCAN", EventKey="b7Kx", Ticket="gQH"))).scene == "b7Kx"


def test_a_follower_who_found_us_brings_no_scene() -> None:
    assert opened(OFFICIAL, delivered(OFFICIAL, event("subscribe"))).scene is None


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("success", "success"),
        ("failed:user block", "failed:userblock"),
        ("failed: system failed", "failed:systemfailed"),
        ("failed:freq limit", "failed:freqlimit"),
    ],
)
def test_the_end_of_a_template_message_is_read_without_blanks(status: str, read: str) -> None:
    push = opened(
        OFFICIAL, delivered(OFFICIAL, event("TEMPLATESENDJOBFINISH", MsgID="200163836", Status=status))
    )

    assert (push.template_msgid, push.template_status) == ("200163836", read)


POPUP = (
    "<List><TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString>"
    "<PopupScene>2</PopupScene></List>"
    "<List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString>"
    "<PopupScene>2</PopupScene></List>"
)


def asked(template_id: str, status: str, scene: str | None) -> SubscribeResult:
    return SubscribeResult(
        template_id=template_id, status=status, scene=scene, msgid=None, error_code=None, error_status=None
    )


def test_what_a_person_chose_in_the_popup_is_read_from_xml() -> None:
    push = opened(
        OFFICIAL, delivered(OFFICIAL, event("subscribe_msg_popup_event", SubscribeMsgPopupEvent=POPUP))
    )

    assert push.subscriptions == (asked("T1", "accept", "2"), asked("T2", "reject", "2"))


@pytest.mark.parametrize("many", [False, True])
def test_what_a_person_chose_in_the_popup_is_read_from_json_one_or_many(many: bool) -> None:
    one = {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "0"}
    plain = json_push(MsgType="event", Event="subscribe_msg_popup_event", List=[one, one] if many else one)

    push = opened(MINI, delivered(MINI, plain, as_json=True))

    assert push.subscriptions == (asked("T1", "accept", "0"),) * (2 if many else 1)


def test_a_person_who_took_a_subscription_back_is_read() -> None:
    block = "<List><TemplateId>T1</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List>"
    plain = event("subscribe_msg_change_event", SubscribeMsgChangeEvent=block)

    assert opened(OFFICIAL, delivered(OFFICIAL, plain)).subscriptions == (asked("T1", "reject", None),)


def test_what_became_of_a_subscribe_message_is_read() -> None:
    block = (
        "<List><TemplateId>T1</TemplateId><MsgID>3395159288267931652</MsgID>"
        "<ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List>"
    )
    plain = event("subscribe_msg_sent_event", SubscribeMsgSentEvent=block)

    push = opened(MINI, delivered(MINI, plain))

    assert push.subscriptions == (
        SubscribeResult(
            template_id="T1",
            status=None,
            scene=None,
            msgid="3395159288267931652",
            error_code=0,
            error_status="success",
        ),
    )


def test_a_subscribe_event_without_a_list_tells_nothing() -> None:
    assert opened(OFFICIAL, delivered(OFFICIAL, event("subscribe_msg_popup_event"))).subscriptions == ()


def test_a_person_who_withdrew_a_permission_is_the_one_in_openid() -> None:
    plain = json_push(
        MsgType="event",
        Event="user_authorization_revoke",
        FromUserName="oPlatform",
        OpenID="oPerson",
        CreateTime=int(seconds()),
        RevokeInfo="8",
    )

    push = opened(MINI, delivered(MINI, plain, as_json=True))

    assert (push.openid, push.raw["RevokeInfo"]) == ("oPerson", "8")


def test_half_a_character_in_json_becomes_a_question_mark() -> None:
    plain = '{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":' + seconds()
    plain += ',"MsgType":"text","MsgId":1,"Content":"\\ud83d"}'

    assert opened(MINI, delivered(MINI, plain, as_json=True)).content == "?"


def test_the_raw_fields_are_plain_few_and_short() -> None:
    plain = json_push(MsgType="text", MsgId=1, Content="长" * 5000, Deep={"a": 1})
    many = json.loads(plain) | {f"Field{number}": "x" for number in range(100)}

    raw = opened(MINI, delivered(MINI, json.dumps(many, ensure_ascii=False), as_json=True)).raw

    assert len(raw) == 40
    assert len(raw["Content"]) == 2048
    assert "Deep" not in raw


def test_a_push_does_not_show_who_wrote_what() -> None:
    shown = repr(opened(OFFICIAL, delivered(OFFICIAL, TEXT)))

    assert OPENID not in shown
    assert "低保" not in shown


def key_of(plain: str) -> str:
    return opened(OFFICIAL, delivered(OFFICIAL, plain)).dedupe_key


def test_a_push_that_is_delivered_again_has_the_same_key() -> None:
    again = delivery_of(
        OFFICIAL, seal(account=OFFICIAL, content=TEXT.encode()), moment=NOW + timedelta(seconds=5)
    )

    assert opened(OFFICIAL, again).dedupe_key == key_of(TEXT)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (TEXT, xml_push(MsgType="text", Content="低保怎么申请", MsgId="2")),
        (event("CLICK", EventKey="a"), event("CLICK", EventKey="b")),
        (event("CLICK", EventKey="a"), event("VIEW", EventKey="a")),
        (event("CLICK", EventKey="a"), event("CLICK", EventKey="a", FromUserName="oAnother")),
        (event("CLICK", EventKey="a"), event("CLICK", EventKey="a", CreateTime="1700000000")),
        (event("CLICK", EventKey="a"), event("CLICK", EventKey="a", ToUserName="gh_2")),
        (
            event("TEMPLATESENDJOBFINISH", MsgID="1", Status="success"),
            event("TEMPLATESENDJOBFINISH", MsgID="2", Status="success"),
        ),
        (
            event("user_authorization_revoke", OpenID="oPerson", RevokeInfo="8"),
            event("user_authorization_revoke", OpenID="oPerson", RevokeInfo="13"),
        ),
        (
            event("user_authorization_revoke", OpenID="oPerson", RevokeInfo="8"),
            event("user_authorization_revoke", OpenID="oOther", RevokeInfo="8"),
        ),
        (
            event("subscribe_msg_popup_event", SubscribeMsgPopupEvent=POPUP),
            event("subscribe_msg_popup_event", SubscribeMsgPopupEvent=POPUP.replace("T2", "T3")),
        ),
        (event("subscribe"), event("subscribe_msg_popup_event", SubscribeMsgPopupEvent=POPUP)),
    ],
)
def test_two_pushes_of_one_second_have_different_keys(one: str, another: str) -> None:
    assert key_of(one) != key_of(another)


MASS_FIELDS = {
    "MsgID": "34182", "Status": "send success", "TotalCount": "3", "FilterCount": "2", "SentCount": "1",
    "ErrorCount": "1",
}  # fmt: skip


def test_the_end_of_a_mass_message_is_told_in_numbers() -> None:
    push = opened(OFFICIAL, delivered(OFFICIAL, event("MASSSENDJOBFINISH", **MASS_FIELDS)))

    assert push.mass == MassResult(
        msgid="34182", status="send success", total=3, filtered=2, sent=1, errors=1
    )
    assert push.template_msgid is None


def test_numbers_that_are_none_are_zero_and_two_mass_messages_of_one_second_stay_apart() -> None:
    odd = MASS_FIELDS | {"TotalCount": "many", "SentCount": "-1", "MsgID": "34183"}

    first = opened(OFFICIAL, delivered(OFFICIAL, event("MASSSENDJOBFINISH", **MASS_FIELDS)))
    second = opened(OFFICIAL, delivered(OFFICIAL, event("MASSSENDJOBFINISH", **odd)))

    assert second.mass is not None
    assert (second.mass.total, second.mass.filtered, second.mass.sent) == (0, 2, 0)
    assert first.dedupe_key != second.dedupe_key


@pytest.mark.parametrize(
    ("push", "opens"),
    [
        (TEXT, "message"),
        (event("CLICK", EventKey="help"), "click"),
        (event("scancode_push", EventKey="scan"), "click"),
        (event("subscribe"), "follow"),
        (event("subscribe", EventKey="qrscene_b7Kx", Ticket="gQH"), "scan"),
        (event("SCAN", EventKey="b7Kx", Ticket="gQH"), "scan"),
        (event("VIEW", EventKey="https://lianxin.example"), None),
        (event("unsubscribe"), None),
        (event("TEMPLATESENDJOBFINISH", MsgID="1", Status="success"), None),
    ],
    ids=["text", "click", "scan button", "follow", "follow by a code", "scan", "view", "leave", "receipt"],
)
def test_only_what_a_person_did_for_us_lets_us_write_to_him(push: str, opens: str | None) -> None:
    assert opened(OFFICIAL, delivered(OFFICIAL, push)).opens == opens
