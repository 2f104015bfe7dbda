"""Official vectors: message-push page of the mini program and the third-party platform push page (WeChat)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from sandbox.crypto import Garbled, MessageCrypto, signature
from tests.sandbox.cast import KEY, TOKEN

TOKEN_A, KEY_A = "AAAAA", "A" * 43
JSON_APPID, XML_APPID = "wxba5fad812f8e6fb9", "wx134c8103faa5a59e"
JSON_ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6J"
    "sXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8"
    "EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
JSON_PLAIN = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,'
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
)
XML_ENCRYPTED = (
    "D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenV"
    "p+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO"
    "1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YO"
    "ywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzK"
    "fMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg=="
)


def test_the_address_verification_signature_is_the_published_one() -> None:
    made = signature(TOKEN_A, "1714036504", "1514711492")

    assert made == "f464b24fc39322e44b38aa78f5edd27bd1441696"


@pytest.mark.parametrize(
    ("timestamp", "nonce", "encrypted", "expected"),
    [
        ("1714112445", "415670741", JSON_ENCRYPTED, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        ("1715943329", "1590219412", XML_ENCRYPTED, "6c12a4205838198b8fa631b3220723bb07f1015c"),
    ],
)
def test_msg_signatures_are_the_published_ones(
    timestamp: str, nonce: str, encrypted: str, expected: str
) -> None:
    crypto = MessageCrypto(token=TOKEN_A, aes_key=KEY_A, appid=JSON_APPID)

    assert crypto.sign(timestamp=timestamp, nonce=nonce, encrypted=encrypted) == expected


def test_the_published_json_push_decrypts() -> None:
    crypto = MessageCrypto(token=TOKEN_A, aes_key=KEY_A, appid=JSON_APPID)

    assert crypto.decrypt(JSON_ENCRYPTED) == JSON_PLAIN


def test_the_published_xml_push_decrypts() -> None:
    crypto = MessageCrypto(token=TOKEN_A, aes_key=KEY_A, appid=XML_APPID)

    plain = crypto.decrypt(XML_ENCRYPTED)

    assert plain.startswith("<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>\n")
    assert "<debug_str><![CDATA[hello world]]></debug_str>" in plain


@pytest.mark.parametrize(
    ("appid", "salt", "plain", "encrypted", "msg_signature"),
    [
        (
            JSON_APPID,
            b"707722b803182950",
            '{"demo_resp":"good luck"}',
            "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
            "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        ),
        (
            XML_APPID,
            b"999951349e8ee746",
            "<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>",
            (
                "hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d"
                "6WELwqrGd7jMnV0zv3Zc9Nq7"
            ),
            "03e0812039325c2712ef5f0f980fd14c70d6e307",
        ),
    ],
)
def test_the_published_replies_come_out_to_the_letter(
    appid: str, salt: bytes, plain: str, encrypted: str, msg_signature: str
) -> None:
    crypto = MessageCrypto(token=TOKEN_A, aes_key=KEY_A, appid=appid)

    made = crypto.encrypt(plain, salt=salt)

    assert made == encrypted
    assert crypto.sign(timestamp="1713424427", nonce="415670741", encrypted=made) == msg_signature


def test_another_account_cannot_read_a_message() -> None:
    sealed = MessageCrypto(token=TOKEN, aes_key=KEY, appid="wxofficial1").encrypt("<xml/>")
    other = MessageCrypto(token=TOKEN, aes_key=KEY, appid="wxmini0001")

    with pytest.raises(Garbled):
        other.decrypt(sealed)


@pytest.mark.parametrize("text", ["", "no base64!", "QUJD", "A" * 64, JSON_ENCRYPTED])
def test_text_of_another_key_is_garbled_and_never_another_error(text: str) -> None:
    crypto = MessageCrypto(token=TOKEN, aes_key=KEY, appid="wxofficial1")

    with pytest.raises(Garbled):
        crypto.decrypt(text)


@given(st.text(max_size=200).map(lambda text: f"<xml><Content>{text.encode().hex()}</Content></xml>"))
def test_an_independent_implementation_reads_what_is_encrypted(xml: str) -> None:
    ours = MessageCrypto(token=TOKEN, aes_key=KEY, appid="wxofficial1")
    encrypted = ours.encrypt(xml)
    sign = ours.sign(timestamp="1", nonce="2", encrypted=encrypted)

    read = WeChatCrypto(TOKEN, KEY, "wxofficial1").decrypt_message({"Encrypt": encrypted}, sign, "1", "2")

    assert (read.decode() if isinstance(read, bytes) else read) == xml
