"""Everything that ends some time goes by the sandbox's own clock, forward and back."""

from sandbox.clock import china_day, china_day_number, china_month
from sandbox.tokens import Tokens
from tests.sandbox.api import Api
from tests.sandbox.cast import config
from tests.sandbox.receiver import Receiver

MIDNIGHT = 1_780_243_200.0  # 2026-06-01 00:00 in China


def test_days_and_months_change_at_midnight_in_china() -> None:
    before = MIDNIGHT - 1

    assert (china_day(before), china_day(MIDNIGHT)) == ("2026-05-31", "2026-06-01")
    assert (china_month(before), china_month(MIDNIGHT)) == ("2026-05", "2026-06")
    assert china_day_number(MIDNIGHT) == china_day_number(before) + 1
    assert china_day_number(MIDNIGHT) == china_day_number(MIDNIGHT + 86_399)


def test_a_token_may_be_forced_after_the_clock_was_put_back() -> None:
    tokens, account = Tokens(), config().accounts["mini"]
    first = tokens.stable(account, force=True, now=MIDNIGHT)

    second = tokens.stable(account, force=True, now=MIDNIGHT - 3600)

    assert second["access_token"] != first["access_token"]


async def test_a_jump_back_opens_a_window_again_and_a_jump_forward_closes_it(api: Api) -> None:
    await api.do("users/guardian/follow")
    await api.do("clock", {"advance_s": 61})
    closed = await api.chat()
    await api.do("clock", {"advance_s": -60})

    assert closed["errcode"] == 45015
    assert (await api.chat())["errcode"] == 0


async def test_a_client_msg_id_is_forgotten_by_the_clock_and_remembered_when_it_goes_back(api: Api) -> None:
    first = await api.policy(client_msg_id="m-1")

    await api.do("clock", {"advance_s": -3600})
    earlier = await api.policy(client_msg_id="m-1")
    await api.do("clock", {"advance_s": 3600 + 601})
    later = await api.policy(client_msg_id="m-1")

    assert earlier["msgid"] == first["msgid"]
    assert later["msgid"] != first["msgid"]


async def test_events_carry_the_time_of_the_clock(api: Api, receiver: Receiver) -> None:
    moved = await api.do("clock", {"advance_s": 40 * 86_400})

    await api.do("users/guardian/say", {"text": "在吗"})

    push = receiver.received[0]
    assert abs(int(push.message["CreateTime"]) - moved["now"]) < 60
    assert abs(int(push.query["timestamp"]) - moved["now"]) < 60


async def test_the_clock_can_be_put_back_to_real_time(api: Api) -> None:
    await api.do("clock", {"advance_s": 86_400})

    shown = await api.do("clock", {"offset_s": 0})

    assert shown["offset_s"] == 0
