import pytest

from sandbox.errors import RefusedCall
from sandbox.tokens import Tokens
from tests.sandbox.api import SECRETS, Api
from tests.sandbox.cast import config

NOON = 1_780_000_000.0


async def plain_token(api: Api, account: str = "mini") -> str:
    appid, secret = SECRETS[account]
    answer = await api.get("/cgi-bin/token", grant_type="client_credential", appid=appid, secret=secret)
    assert answer["expires_in"] == 7200
    return str(answer["access_token"])


async def stable_token(api: Api, *, force: bool = False) -> dict[str, object]:
    appid, secret = SECRETS["mini"]
    body = {"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": force}
    answer: dict[str, object] = (await api.http.post("/cgi-bin/stable_token", json=body)).json()
    return answer


async def errcode_with(api: Api, token: str) -> int:
    answer = await api.http.post(
        "/wxa/business/getuserphonenumber", params={"access_token": token}, json={"code": "x"}
    )
    return int(answer.json()["errcode"])


ALIVE = 40029  # the token passed, the code did not


async def test_a_plain_token_lives_five_minutes_beside_the_next_one(api: Api) -> None:
    first = await plain_token(api)
    second = await plain_token(api)

    await api.do("clock", {"advance_s": 290})
    both = (await errcode_with(api, first), await errcode_with(api, second))
    await api.do("clock", {"advance_s": 20})

    assert both == (ALIVE, ALIVE)
    assert await errcode_with(api, first) == 42001
    assert await errcode_with(api, second) == ALIVE


async def test_a_token_expires_after_two_hours(api: Api) -> None:
    token = await plain_token(api)

    await api.do("clock", {"advance_s": 7201})

    assert await errcode_with(api, token) == 42001


async def test_the_stable_token_stays_the_same_until_its_last_five_minutes(api: Api) -> None:
    first = await stable_token(api)
    again = await stable_token(api)
    await api.do("clock", {"advance_s": 6901})
    renewed = await stable_token(api)

    assert again["access_token"] == first["access_token"]
    assert renewed["access_token"] != first["access_token"]
    assert await errcode_with(api, str(first["access_token"])) == ALIVE
    assert await errcode_with(api, str(renewed["access_token"])) == ALIVE


async def test_forcing_a_stable_token_kills_the_old_one_but_not_twice_within_thirty_seconds(api: Api) -> None:
    first = await stable_token(api)
    forced = await stable_token(api, force=True)
    too_soon = await stable_token(api, force=True)

    assert await errcode_with(api, str(first["access_token"])) == 40001
    assert forced["access_token"] != first["access_token"]
    assert too_soon["access_token"] == forced["access_token"]


async def test_the_two_kinds_of_token_leave_each_other_alone(api: Api) -> None:
    stable = await stable_token(api)
    await plain_token(api)
    await plain_token(api)
    await api.do("clock", {"advance_s": 400})

    assert await errcode_with(api, str(stable["access_token"])) == ALIVE


def test_plain_tokens_have_a_daily_quota() -> None:
    tokens, account = Tokens(), config().accounts["mini"]
    for _ in range(2000):
        tokens.plain(account, now=NOON)

    with pytest.raises(RefusedCall) as refused:
        tokens.plain(account, now=NOON)

    assert refused.value.errcode == 45009
    assert tokens.plain(account, now=NOON + 86400)["expires_in"] == 7200


def test_forced_tokens_have_a_daily_quota() -> None:
    tokens, account = Tokens(), config().accounts["mini"]
    for turn in range(20):
        tokens.stable(account, force=True, now=NOON + turn * 31)

    with pytest.raises(RefusedCall) as refused:
        tokens.stable(account, force=True, now=NOON + 20 * 31)

    assert refused.value.errcode == 45009


@pytest.mark.parametrize(
    ("query", "errcode"),
    [
        ({"grant_type": "client_credential", "secret": "minisecret"}, 41002),
        ({"grant_type": "client_credential", "appid": "wxmini0001"}, 41004),
        ({"grant_type": "client_credential", "appid": "wxnobody", "secret": "x"}, 40013),
        ({"grant_type": "client_credential", "appid": "wxmini0001", "secret": "x"}, 40125),
        ({"grant_type": "password", "appid": "wxmini0001", "secret": "minisecret"}, 40002),
    ],
)
async def test_wrong_credentials_get_no_token(api: Api, query: dict[str, str], errcode: int) -> None:
    answer = await api.get("/cgi-bin/token", **query)

    assert answer["errcode"] == errcode
    assert " rid: " in answer["errmsg"]


@pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("nonsense", 40014), ("60_" + "x" * 100, 40001)])
async def test_a_call_without_a_living_token_is_refused(api: Api, token: str, errcode: int) -> None:
    assert await errcode_with(api, token) == errcode


async def test_a_token_of_the_other_account_is_not_granted(api: Api) -> None:
    assert await errcode_with(api, await plain_token(api, "official")) == 48001


async def test_the_stable_token_is_fetched_by_post_only(api: Api) -> None:
    assert (await api.get("/cgi-bin/stable_token"))["errcode"] == 43002


async def test_tokens_can_be_expired_by_a_test(api: Api) -> None:
    token = await plain_token(api)

    answer = await api.do("tokens/expire", {"account": "mini"})

    assert answer == {"expired": 1}
    assert await errcode_with(api, token) == 42001


async def test_an_unknown_api_is_not_found(api: Api) -> None:
    answer = await api.http.post("/cgi-bin/message/mass/nothing", json={})

    assert answer.status_code == 404


@pytest.mark.parametrize(("body", "errcode"), [(b"", 44002), (b"{not json", 47001), (b"[1]", 47001)])
async def test_a_body_that_is_no_json_object_is_refused(api: Api, body: bytes, errcode: int) -> None:
    query = {"access_token": await api.token("mini")}

    answer = await api.http.post("/wxa/business/getuserphonenumber", params=query, content=body)

    assert answer.json()["errcode"] == errcode
