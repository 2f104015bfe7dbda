"""Six digits that a cadre reads out and a guardian types; why guessing is of no use; cutting a binding."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from app.accounts.enums import WeChatApp
from app.accounts.models import MiniSession, WeChatIdentity
from app.audit.models import AuditEntry
from app.core import sql
from app.core.settings import Settings, WeChatAccountSettings
from app.pairing.models import Pairing
from app.people.models import BindingPin, BindingTries, Consent, Guardian, Guardianship
from app.people.operations import forget_pins
from app.people.operations.pins import MOST_TRIES, MOST_WRONG
from app.people.queries import guardian_of_openid
from tests.accounts.factories import SHIZHONG, phone_headers, staff_headers
from tests.bot.factories import OPENID, delivery, make_bound_guardian, read_reply, text
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.pairing.factories import make_pairing
from tests.people.factories import make_guardian

Write = Callable[..., Awaitable[str]]


@pytest.fixture
def official(settings: Settings) -> WeChatAccountSettings:
    return settings.wechat.official


@pytest.fixture
def write(client: httpx.AsyncClient, official: WeChatAccountSettings, clock: FixedClock) -> Write:
    async def send(words: str, *, openid: str = OPENID) -> str:
        at = clock.now()
        answer = await delivery(official, text(words, at=at, openid=openid), at=at).post(client)
        return read_reply(official, answer).content

    return send


@pytest.fixture
async def pairing() -> Pairing:
    pairing = await make_pairing()
    await make_guardian(beneficiary=await pairing.beneficiary)
    return pairing


async def pins_of(client: httpx.AsyncClient, pairing: Pairing) -> list[str]:
    """Tap once, as the cadre."""
    headers = await phone_headers(cadre_id=pairing.cadre_id)
    answer = await client.post(f"/mini/v1/pairings/{pairing.id}/binding-pins", headers=headers)
    assert answer.status_code == 201, answer.text
    return [item["pin"] for item in answer.json()["items"]]


async def test_a_guardian_types_what_the_cadre_reads_out_and_is_bound_with_his_consent(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    (pin,) = await pins_of(client, pairing)

    reply = await write(f"{pin[:3]} {pin[3:]}")

    guardian = await guardian_of_openid(openid=OPENID)
    assert reply.startswith("绑定成功。")
    assert guardian == await Guardian.get()
    assert (await Consent.get(guardian_id=(await Guardian.get()).id)).evidence.startswith("push:")
    entries = await AuditEntry.filter(action__in=("binding_pin.issued", "guardian.bound")).order_by("id")
    assert [one.action for one in entries] == ["binding_pin.issued", "guardian.bound"]


async def test_the_digits_stand_nowhere_in_the_database_and_never_in_the_trail(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    (pin,) = await pins_of(client, pairing)
    await write(pin)

    tables = ("SELECT * FROM binding_pin", "SELECT * FROM audit_entry", "SELECT * FROM wechat_push")
    rows = [await sql.fetch(table) for table in tables]
    said = [str(value) for table in rows for row in table for value in row.values() if isinstance(value, str)]
    assert not [value for value in said if pin in value]


async def test_the_digits_bind_once(client: httpx.AsyncClient, write: Write, pairing: Pairing) -> None:
    (pin,) = await pins_of(client, pairing)
    await write(pin)

    again, stranger = await write(pin), await write(pin, openid="oStranger")

    assert again.startswith("绑定成功。")
    assert stranger.startswith("绑定码不对，或者已过10分钟。")
    assert await Consent.all().count() == 1


async def test_after_ten_minutes_the_digits_are_nobodys(
    client: httpx.AsyncClient, write: Write, pairing: Pairing, clock: FixedClock
) -> None:
    (pin,) = await pins_of(client, pairing)
    clock.moment = NOW + timedelta(minutes=10)

    assert (await write(pin)).startswith("绑定码不对")
    assert await guardian_of_openid(openid=OPENID) is None


async def test_a_second_tap_ends_the_first_digits(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    (first,), (second,) = await pins_of(client, pairing), await pins_of(client, pairing)

    if first != second:
        assert (await write(first)).startswith("绑定码不对")
    assert (await write(second)).startswith("绑定成功。")


async def test_every_guardian_of_the_family_gets_digits_of_his_own(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    father = await make_guardian(beneficiary=await pairing.beneficiary, name="张父")

    mothers, fathers = await pins_of(client, pairing)
    await write(mothers)
    await write(fathers, openid="oFather")

    assert await guardian_of_openid(openid="oFather") == father
    assert (await guardian_of_openid(openid=OPENID)) not in (None, father)


async def test_nobody_but_the_familys_cadre_gets_digits(client: httpx.AsyncClient, pairing: Pairing) -> None:
    other = await make_pairing()
    headers = await phone_headers(cadre_id=other.cadre_id)

    answer = await client.post(f"/mini/v1/pairings/{pairing.id}/binding-pins", headers=headers)

    assert answer.status_code == 404
    assert await BindingPin.all().count() == 0


async def test_a_family_without_a_guardian_on_record_is_told_to_enter_one(client: httpx.AsyncClient) -> None:
    lonely = await make_pairing()
    headers = await phone_headers(cadre_id=lonely.cadre_id)

    answer = await client.post(f"/mini/v1/pairings/{lonely.id}/binding-pins", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "people.no_guardian")


# Guessing


async def wrong(right: str) -> list[str]:
    return [pin for pin in (f"{number:06d}" for number in range(200)) if pin != right]


async def test_after_five_tries_even_the_right_digits_wait_for_half_an_hour(
    client: httpx.AsyncClient, write: Write, pairing: Pairing, clock: FixedClock
) -> None:
    (pin,) = await pins_of(client, pairing)
    for guess in (await wrong(pin))[:MOST_TRIES]:
        assert (await write(guess)).startswith("绑定码不对")

    assert (await write(pin)).startswith("输错的次数太多，请半小时后再试。")
    assert await guardian_of_openid(openid=OPENID) is None

    clock.moment = NOW + timedelta(minutes=30)
    (fresh,) = await pins_of(client, pairing)
    assert (await write(fresh)).startswith("绑定成功。")


async def test_a_retry_of_one_push_is_one_try(
    client: httpx.AsyncClient, official: WeChatAccountSettings, pairing: Pairing
) -> None:
    (pin,) = await pins_of(client, pairing)
    push = delivery(official, text((await wrong(pin))[0]))

    for _ in range(MOST_TRIES + 1):
        await push.post(client)

    own = await BindingTries.all().order_by("id")
    assert [one.tries for one in own] == [1, 1], "his own, and all together"


async def test_many_people_who_guess_together_are_all_stopped(
    client: httpx.AsyncClient, write: Write, pairing: Pairing, clock: FixedClock
) -> None:
    (pin,) = await pins_of(client, pairing)
    for number, guess in enumerate((await wrong(pin))[:MOST_WRONG]):
        await write(guess, openid=f"oGuesser{number}")

    assert (await write(pin, openid="oFresh")).startswith("输错的次数太多")

    clock.moment = NOW + timedelta(minutes=10)
    (fresh,) = await pins_of(client, pairing)
    assert (await write(fresh, openid="oFresh")).startswith("绑定成功。")


async def test_the_right_digits_forgive_the_wrong_ones(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    (pin,) = await pins_of(client, pairing)
    for guess in (await wrong(pin))[: MOST_TRIES - 1]:
        await write(guess)
    await write(pin)
    (second,) = await pins_of(client, pairing)

    assert (await write(second)).startswith("绑定成功。")


async def test_what_is_over_is_forgotten(client: httpx.AsyncClient, write: Write, pairing: Pairing) -> None:
    (pin,) = await pins_of(client, pairing)
    await write((await wrong(pin))[0])

    early = await forget_pins(now=NOW + timedelta(minutes=9))
    late = await forget_pins(now=NOW + timedelta(minutes=31))

    assert (early, late) == (0, 3)
    assert await BindingPin.all().count() + await BindingTries.all().count() == 0


# Cutting


async def both_accounts(guardian: Guardian) -> None:
    await phone_headers(guardian_id=guardian.id)


async def bound_to(guardian: Guardian) -> int:
    return await WeChatIdentity.filter(guardian_id=guardian.id).count()


async def test_who_says_unbind_is_nobodys_guardian_in_either_account_and_withdraws(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    del client
    guardian = await make_bound_guardian(beneficiary=await pairing.beneficiary)
    await both_accounts(guardian)

    reply = await write("解绑")

    assert reply.startswith("已解除绑定")
    assert await bound_to(guardian) == 0
    assert await MiniSession.all().count() == 0
    assert (await Consent.get(guardian_id=guardian.id)).withdrawal_evidence.startswith("push:")
    assert (await write("我的干部")).startswith("您还没有绑定")
    assert await Guardianship.filter(guardian_id=guardian.id).exists(), "the register stays"


async def test_a_cadre_cuts_the_binding_of_a_guardian_of_his_family_only(
    client: httpx.AsyncClient, pairing: Pairing
) -> None:
    guardian = await make_bound_guardian(beneficiary=await pairing.beneficiary)
    stranger = await make_bound_guardian(openid="oOther")
    headers = await phone_headers(cadre_id=pairing.cadre_id)
    path = f"/mini/v1/pairings/{pairing.id}/guardians"

    mine = await client.delete(f"{path}/{guardian.id}/binding", headers=headers)
    other = await client.delete(f"{path}/{stranger.id}/binding", headers=headers)

    assert (mine.status_code, other.status_code) == (204, 404)
    assert (await bound_to(guardian), await bound_to(stranger)) == (0, 1)
    entry = await AuditEntry.get(action="guardian.unbound")
    assert entry.detail == f"cadre:{pairing.cadre_id}"


async def test_a_county_cuts_the_binding_of_its_own_guardians_only(client: httpx.AsyncClient) -> None:
    guardian = await make_bound_guardian()
    path = f"/admin/v1/guardians/{guardian.id}/binding"

    foreign = await client.delete(path, headers=await staff_headers(client, org_code=SHIZHONG))
    assert (foreign.status_code, await bound_to(guardian)) == (404, 1)

    own = await client.delete(path, headers=await staff_headers(client))
    assert (own.status_code, await bound_to(guardian)) == (204, 0)


async def test_a_cut_binding_leaves_no_code_alive(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    guardian = await Guardian.get()
    (pin,) = await pins_of(client, pairing)
    await client.delete(f"/admin/v1/guardians/{guardian.id}/binding", headers=await staff_headers(client))

    assert (await write(pin)).startswith("绑定码不对")


async def test_who_was_cut_off_may_be_bound_again(
    client: httpx.AsyncClient, write: Write, pairing: Pairing
) -> None:
    (pin,) = await pins_of(client, pairing)
    await write(pin)
    await write("解绑")
    (fresh,) = await pins_of(client, pairing)

    assert (await write(fresh)).startswith("绑定成功。")
    assert await Consent.filter(withdrawn_at=None).count() == 1
    assert await WeChatIdentity.filter(app=WeChatApp.OFFICIAL).count() == 1
