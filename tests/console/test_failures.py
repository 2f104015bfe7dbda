"""Failures as pages."""

from collections.abc import Callable

import httpx
import pytest

from app.bootstrap import Services
from app.wechat.gateway import SceneQr, WeChatNotReached
from tests.accounts.factories import SHIZHONG
from tests.campaigns.factories import make_campaign
from tests.console.conftest import SignedIn
from tests.fakes.wechat import FakeWeChat
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_cadre, make_guardian


class BrokenWeChat(FakeWeChat):
    """Fails in the way it is told when a QR code is wanted."""

    error: Exception = RuntimeError("nobody expected this")

    async def create_scene_qr(self, *, scene: str, expire_seconds: int) -> SceneQr:
        raise self.error


@pytest.fixture
def wechat() -> FakeWeChat:
    return BrokenWeChat()


async def card_page(signed_in: SignedIn) -> httpx.Response:
    beneficiary = await make_beneficiary()
    await make_guardian(beneficiary=beneficiary)
    browser = await signed_in()
    await browser.open(f"/console/beneficiaries/{beneficiary.id}")
    return (await browser.press("生成绑定二维码")).answer


async def test_an_unknown_error_is_a_page_with_the_number_of_the_request(signed_in: SignedIn) -> None:
    answer = await card_page(signed_in)

    assert answer.status_code == 500
    assert "系统出错了，请把编号告诉管理员" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "nobody expected this" not in answer.text


async def test_silence_of_wechat_is_told_in_words(signed_in: SignedIn, wechat: BrokenWeChat) -> None:
    wechat.error = WeChatNotReached("no route")

    answer = await card_page(signed_in)

    assert answer.status_code == 503
    assert "暂时连不上微信" in answer.text


async def test_people_pairings_and_campaigns_of_another_county_are_not_found(signed_in: SignedIn) -> None:
    beneficiary = await make_beneficiary(region_code=SHIZHONG)
    guardian = await make_guardian(beneficiary=beneficiary)
    pairing = await make_pairing(beneficiary=beneficiary, cadre=await make_cadre(org_code=SHIZHONG))
    campaign = await make_campaign(org_code=SHIZHONG, region_prefix=SHIZHONG)
    browser = await signed_in()

    for path in (
        f"/console/beneficiaries/{beneficiary.id}",
        f"/console/pairings/{pairing.id}",
        f"/console/campaigns/{campaign.id}",
        f"/console/campaigns/{campaign.id}/edit",
        f"/console/campaigns/{campaign.id}/messages",
        f"/console/pairings/new?beneficiary={beneficiary.id}",
        f"/console/home?region={SHIZHONG}",
    ):
        page = await browser.open(path)
        assert (page.status, page.heading) == (404, "没有办成"), path
        assert beneficiary.name not in page.html

    card = f"/console/beneficiaries/{beneficiary.id}/guardians/{guardian.id}/binding-code"
    for path in (card, f"/console/pairings/{pairing.id}/end", f"/console/campaigns/{campaign.id}/cancel"):
        answer = await browser._client.post(path, data={"reason": "rotation"})
        assert answer.status_code == 404, path
        assert answer.headers["content-type"].startswith("text/html")


async def test_a_guardian_of_somebody_else_gets_no_card_here(signed_in: SignedIn) -> None:
    beneficiary, other = await make_beneficiary(), await make_beneficiary()
    guardian = await make_guardian(beneficiary=other)
    browser = await signed_in()

    answer = await browser._client.post(
        f"/console/beneficiaries/{beneficiary.id}/guardians/{guardian.id}/binding-code"
    )

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/console/nowhere",
        "/console/static/secret.txt",
        "/console/beneficiaries/0",
        "/console/rosters/" + "9" * 30,
    ],
)
async def test_addresses_that_lead_nowhere_answer_with_a_page(signed_in: SignedIn, path: str) -> None:
    page = await (await signed_in()).open(path)

    assert page.status in {404, 422}
    assert page.heading == "没有办成"


async def test_a_failed_form_leads_back_to_where_it_was(signed_in: SignedIn) -> None:
    beneficiary, cadre = await make_beneficiary(), await make_cadre()
    browser = await signed_in()
    await browser.open(f"/console/pairings/new?beneficiary={beneficiary.id}")
    page = await browser.press("登记结对", cadre_id=str(cadre.id), started_on="2001-01-01")

    assert page.status == 422
    assert "结对日期不能早于2024年1月17日" in page.words
    assert page.links["返回"] == "/console/pairings/new"


async def test_the_way_back_never_leads_to_another_site(signed_in: SignedIn) -> None:
    browser = await signed_in()

    answer = await browser._client.get(
        "/console/campaigns/77", headers={"referer": "https://evil.example/console/home"}
    )

    assert answer.status_code == 404
    assert 'href="/console/campaigns"' in answer.text
    assert "evil" not in answer.text


async def test_a_form_with_a_field_left_out_names_it_in_chinese(signed_in: SignedIn) -> None:
    browser = await signed_in()

    answer = await browser._client.post("/console/pairings", data={"cadre_id": "x"})

    assert answer.status_code == 422
    assert "帮扶对象：必填，不能为空" in answer.text
    assert "帮扶干部：应为整数" in answer.text


async def test_every_answer_forbids_what_is_not_ours(
    signed_in: SignedIn, new_client: Callable[[], httpx.AsyncClient], services: Services
) -> None:
    browser = await signed_in()
    paths = (
        "/console/",
        "/console/home",
        "/console/nowhere",
        "/console/sign-in",
        "/console/static/console.css",
    )

    for answer in [await browser._client.get(path) for path in paths]:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; img-src 'self' data:;")
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] == "DENY"


async def test_the_files_of_the_pages_may_be_kept_by_browsers(signed_in: SignedIn) -> None:
    browser = await signed_in()
    page = await browser.open("/console/home")
    (style,) = [address for address in page.addresses if ".css" in address]

    answer = await browser._client.get(style)

    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert page.answer.headers["cache-control"] == "no-store"
