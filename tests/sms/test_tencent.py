"""The adapter speaks with a host that checks every signature; nothing is patched."""

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from pydantic import SecretStr

from app.core.settings import SmsSettings
from app.sms.codes import RULES, Reaction, reaction_to
from app.sms.connecting import connect_sms
from app.sms.gateway import SmsGateway, SmsNotReached, SmsReceipt, SmsRefused, SmsUnanswered
from app.sms.tencent import TencentSms
from tests.sms.provider import TITLE, Provider, hang_up, running_provider, settings_for

PHONE = "13800138000"


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with running_provider() as provider:
        yield provider


@pytest.fixture
async def sms(provider: Provider) -> AsyncIterator[SmsGateway]:
    gateway = TencentSms(settings_for(provider.endpoint), connect_seconds=2, read_seconds=0.5)
    yield gateway
    await gateway.close()


async def _send(sms: SmsGateway) -> SmsReceipt:
    return await sms.send(phone=PHONE, template_id="449739", params={"title": TITLE}, out_id="42")


async def test_the_provider_gets_one_signed_request_with_everything_in_it(
    sms: SmsGateway, provider: Provider
) -> None:
    receipt = await _send(sms)

    assert receipt == SmsReceipt(serial="2019:538884", parts=1)
    assert provider.actions == ["SendSms"]
    assert provider.asked == [
        {
            "PhoneNumberSet": ["+8613800138000"],
            "SmsSdkAppId": "1400006666",
            "SignName": "省残联",
            "TemplateId": "449739",
            "TemplateParamSet": [TITLE],
            "SessionContext": "42",
        }
    ]


@pytest.mark.parametrize("key", [SecretStr("somebody else's"), SecretStr("")], ids=["wrong", "empty"])
async def test_a_wrong_key_stops_the_account(provider: Provider, key: SecretStr) -> None:
    wrong = settings_for(provider.endpoint).model_copy(update={"secret_key": key})
    gateway = TencentSms(wrong)

    with pytest.raises(SmsRefused) as refused:
        await _send(gateway)

    assert refused.value.reaction is Reaction.STOP_ACCOUNT
    await gateway.close()


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        ("FailedOperation.InsufficientBalanceInSmsPackage", Reaction.STOP_ACCOUNT),
        ("LimitExceeded.DailyLimit", Reaction.NEXT_DAY),
        ("LimitExceeded.PhoneNumberDailyLimit", Reaction.LATER),
        ("InvalidParameterValue.IncorrectPhoneNumber", Reaction.GIVE_UP_RECIPIENT),
        ("FailedOperation.PhoneNumberInBlacklist", Reaction.GIVE_UP_RECIPIENT),
        ("FailedOperation.TemplateIncorrectOrUnapproved", Reaction.STOP_CAMPAIGN),
        ("Something.Nobody.Described", Reaction.GIVE_UP_RECIPIENT),
    ],
)
@pytest.mark.parametrize("whole", [False, True], ids=["of one message", "of the request"])
async def test_a_refusal_says_what_to_do(
    sms: SmsGateway, provider: Provider, code: str, reaction: Reaction, whole: bool
) -> None:
    if whole:
        provider.error = code
    else:
        provider.status = code

    with pytest.raises(SmsRefused) as refused:
        await _send(sms)

    assert (refused.value.code, refused.value.reaction) == (code, reaction)
    assert refused.value.sentence


@pytest.mark.parametrize(
    "code", ["InternalError.SendAndRecvFail", "InternalError", "InternalError.Nobody.Described"]
)
async def test_a_provider_that_does_not_know_itself_leaves_the_outcome_open(
    sms: SmsGateway, provider: Provider, code: str
) -> None:
    provider.status = code

    with pytest.raises(SmsUnanswered):
        await _send(sms)


async def test_no_connection_means_that_nothing_left(sms: SmsGateway) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    gateway = TencentSms(settings_for(nobody))

    with pytest.raises(SmsNotReached):
        await _send(gateway)

    await gateway.close()


async def test_a_cut_connection_leaves_the_outcome_open(sms: SmsGateway, provider: Provider) -> None:
    provider.does = hang_up

    with pytest.raises(SmsUnanswered):
        await _send(sms)

    assert len(provider.asked) == 1


async def test_a_silent_provider_holds_up_nobody_else(sms: SmsGateway, provider: Provider) -> None:
    released = asyncio.Event()

    async def wait(request: web.Request) -> None:
        await released.wait()

    provider.does = wait

    with pytest.raises(SmsUnanswered):
        await _send(sms)

    released.set()
    assert len(provider.asked) == 1


async def test_several_leave_at_the_same_time(sms: SmsGateway, provider: Provider) -> None:
    everybody = asyncio.Barrier(3)

    async def wait(request: web.Request) -> None:
        await everybody.wait()

    provider.does = wait

    receipts = await asyncio.gather(*[_send(sms) for _ in range(3)])

    assert len(receipts) == len(provider.asked) == 3


async def test_no_log_line_and_no_error_holds_a_phone_number(
    sms: SmsGateway, provider: Provider, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.error = "FailedOperation.PhoneNumberInBlacklist"

    with caplog.at_level(logging.INFO), pytest.raises(SmsRefused) as refused:
        await _send(sms)

    told = caplog.text + "".join(capsys.readouterr()) + str(refused.value) + repr(refused.value.args)
    assert "FailedOperation.PhoneNumberInBlacklist" in told
    assert PHONE not in told


def test_short_messages_are_off_by_default_and_the_sdk_is_not_even_imported() -> None:
    assert connect_sms(SmsSettings()) is None
    script = (
        "import sys, app.main, app.sms.connecting as c, app.core.settings as s;"
        "c.connect_sms(s.SmsSettings());"
        "assert not [name for name in sys.modules if name.startswith('tencentcloud')]"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.stderr == ""


async def test_the_provider_that_the_settings_name_is_connected(provider: Provider) -> None:
    gateway = connect_sms(settings_for(provider.endpoint))

    assert gateway is not None
    assert (await _send(gateway)).parts == 1
    await gateway.close()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_every_described_code_has_a_sentence(rule: object) -> None:
    assert rule == reaction_to(getattr(rule, "code", ""))
    assert getattr(rule, "sentence", "")


def test_what_belongs_to_an_unknown_kind_of_key_trouble_stops_the_account() -> None:
    assert reaction_to("AuthFailure.New").reaction is Reaction.STOP_ACCOUNT
