"""The unionid links a follower with his mini program; what he takes back there ends it."""

from datetime import timedelta

import httpx
import pytest

from app.accounts.enums import WeChatApp
from app.accounts.models import MiniSession, WeChatIdentity
from app.bot.enums import PushState
from app.bot.followers import ask_unionids
from app.bot.models import WeChatPush
from app.bot.operations import apply_waiting_pushes
from app.core.settings import Settings
from app.people.models import Consent, Guardian
from app.people.operations import bind_guardian_by_phone
from app.wechat.gateway import WeChatNotReached, WeChatRefused
from tests.accounts.factories import make_identity
from tests.bot.factories import OPENID, delivery, event, make_bound_guardian
from tests.conftest import NOW
from tests.fakes.wechat import FakeWeChat

pytestmark = pytest.mark.usefixtures("db")

UNION = "o6_bmasdasdsad6_2sgVt7hMZOPfL"
MINI_OPENID = "oaKk343WU7fkoXe4-9ZyuVl8b2"


async def guardian_in(app: WeChatApp) -> int | None:
    found: int | None = (await WeChatIdentity.get(app=app)).guardian_id
    return found


async def test_a_bound_follower_is_known_in_the_mini_program_once_wechat_says_that_they_are_one(
    wechat: FakeWeChat,
) -> None:
    guardian = await make_bound_guardian()
    await make_identity(app=WeChatApp.MINI, openid=MINI_OPENID, unionid=UNION)
    wechat.unionids[OPENID] = UNION

    assert await ask_unionids(wechat=wechat, now=NOW) == 1

    assert await guardian_in(WeChatApp.MINI) == guardian.id
    assert await ask_unionids(wechat=wechat, now=NOW) == 0, "nobody is asked about twice"


async def test_a_guardian_bound_in_the_mini_program_is_known_to_the_service_account_without_a_consent(
    wechat: FakeWeChat,
) -> None:
    guardian = await make_bound_guardian()
    await Consent.all().delete()
    await WeChatIdentity.all().update(guardian_id=None)
    mini = await make_identity(app=WeChatApp.MINI, openid=MINI_OPENID, unionid=UNION)
    await WeChatIdentity.filter(id=mini.id).update(guardian_id=guardian.id)
    wechat.unionids[OPENID] = UNION

    await ask_unionids(wechat=wechat, now=NOW)

    assert await guardian_in(WeChatApp.OFFICIAL) == guardian.id
    assert await Consent.all().count() == 0


async def test_who_opens_the_mini_program_later_is_known_at_once(
    client: httpx.AsyncClient, wechat: FakeWeChat
) -> None:
    await make_bound_guardian()
    wechat.unionids |= {OPENID: UNION, MINI_OPENID: UNION}
    await ask_unionids(wechat=wechat, now=NOW)

    answer = await client.post("/mini/v1/session", json={"code": f"login:{MINI_OPENID}"})

    assert answer.json()["role"] == "guardian"


async def test_who_binds_in_the_mini_program_is_known_to_the_service_account() -> None:
    guardian = await make_bound_guardian(phone="13805310001")
    await WeChatIdentity.filter(openid=OPENID).update(guardian_id=None, unionid=UNION)
    mini = await make_identity(app=WeChatApp.MINI, openid=MINI_OPENID, unionid=UNION)

    await bind_guardian_by_phone(identity_id=mini.id, phone="13805310001", now=NOW)

    assert await guardian_in(WeChatApp.OFFICIAL) == guardian.id


async def test_accounts_of_different_people_are_not_linked(wechat: FakeWeChat) -> None:
    await make_bound_guardian()
    await make_identity(app=WeChatApp.MINI, openid=MINI_OPENID, unionid="oSomebodyElse")
    wechat.unionids[OPENID] = UNION

    await ask_unionids(wechat=wechat, now=NOW)

    assert await guardian_in(WeChatApp.MINI) is None


async def test_a_cadre_is_not_made_a_guardian(wechat: FakeWeChat) -> None:
    await make_bound_guardian()
    await make_identity(app=WeChatApp.MINI, openid=MINI_OPENID, unionid=UNION, cadre_id=7)
    wechat.unionids[OPENID] = UNION

    await ask_unionids(wechat=wechat, now=NOW)

    assert await guardian_in(WeChatApp.MINI) is None


@pytest.mark.parametrize("known", [None, "refused"])
async def test_a_follower_without_unionid_is_asked_about_once(wechat: FakeWeChat, known: str | None) -> None:
    await make_bound_guardian()

    async def refuse(**_: str) -> str | None:
        if known == "refused":
            raise WeChatRefused(errcode=40003, errmsg="invalid openid")
        return None

    wechat.official_unionid = refuse  # type: ignore[method-assign]

    assert [await ask_unionids(wechat=wechat, now=NOW) for _ in range(2)] == [1, 0]


async def test_wechat_that_is_away_is_asked_again(wechat: FakeWeChat) -> None:
    await make_bound_guardian()

    async def away(**_: str) -> str | None:
        raise WeChatNotReached("connection refused")

    wechat.official_unionid = away  # type: ignore[method-assign]

    assert [await ask_unionids(wechat=wechat, now=NOW) for _ in range(2)] == [0, 0]
    assert (await WeChatIdentity.get(openid=OPENID)).unionid_asked_at is None


# What he takes back in the mini program


def taken_back(kind: str, **fields: str) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in ({"OpenID": MINI_OPENID} | fields).items())
    # FromUserName is an account of the platform's.
    return event(f"user_authorization_{kind}", inner, openid="oPlatform")


async def arrive(client: httpx.AsyncClient, settings: Settings, plain: str) -> None:
    answer = await delivery(settings.wechat.mini, plain).post(client, "/wechat/mini")
    assert (answer.status_code, answer.text) == (200, "success")
    await apply_waiting_pushes(now=NOW + timedelta(seconds=1))


async def mini_of(guardian: Guardian) -> WeChatIdentity:
    mini = await make_identity(app=WeChatApp.MINI, openid=MINI_OPENID, unionid=UNION, guardian_id=guardian.id)
    await MiniSession.create(
        token_hash="t", identity=mini, created_at=NOW, expires_at=NOW + timedelta(days=1)
    )
    return mini


async def test_who_takes_back_his_phone_number_is_unbound_in_the_mini_program_only(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    guardian = await make_bound_guardian()
    await mini_of(guardian)

    await arrive(client, settings, taken_back("revoke", RevokeInfo="8"))

    assert await guardian_in(WeChatApp.MINI) is None
    assert await MiniSession.all().count() == 0
    assert await guardian_in(WeChatApp.OFFICIAL) == guardian.id
    assert await Consent.filter(withdrawn_at=None).count() == 1


async def test_what_else_he_takes_back_we_do_not_have(client: httpx.AsyncClient, settings: Settings) -> None:
    guardian = await make_bound_guardian()
    await mini_of(guardian)

    await arrive(client, settings, taken_back("revoke", RevokeInfo="18"))

    assert await guardian_in(WeChatApp.MINI) == guardian.id
    assert (await WeChatPush.get()).state is PushState.IGNORED


async def test_who_deletes_his_wechat_account_is_forgotten_and_his_consents_are_withdrawn(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    guardian = await make_bound_guardian()
    await mini_of(guardian)

    await arrive(client, settings, taken_back("cancellation"))

    push = await WeChatPush.get()
    assert [await guardian_in(app) for app in WeChatApp] == [None, None]
    assert (await WeChatIdentity.get(app=WeChatApp.MINI)).unionid is None
    assert (await Consent.get()).withdrawal_evidence == f"push:{push.id}"
    assert (await Guardian.get(id=guardian.id)).name == guardian.name, "the register is not WeChat's"


async def test_a_cancellation_told_twice_changes_nothing_more(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    guardian = await make_bound_guardian()
    await mini_of(guardian)

    for _ in range(2):
        await arrive(client, settings, taken_back("cancellation"))

    assert await WeChatPush.all().count() == 1


async def test_the_service_account_does_not_take_such_an_event(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    guardian = await make_bound_guardian()
    mini = await mini_of(guardian)

    answer = await delivery(settings.wechat.official, taken_back("cancellation")).post(client)
    await apply_waiting_pushes(now=NOW + timedelta(seconds=1))

    await mini.refresh_from_db()
    assert (answer.text, mini.guardian_id) == ("success", guardian.id)
