"""A guardian's year in one afternoon: she is bound, asks, is told, stops, and is still answered."""

from datetime import timedelta

from app.accounts.models import WeChatIdentity
from app.core.settings import Settings
from app.people.models import Consent
from tests.accounts.factories import LIXIA
from tests.journeys.test_main_job import (
    START,
    enrol,
    policy_notice,
    scans_her_card,
    signed_in_cadre,
)
from tests.journeys.town import Phone, Town, open_town
from tests.people.cast import SUN_JIANGUO, WANG_XIAOSI, WANG_XIULAN
from tests.policies.factories import make_policy


async def says(phone: Phone, words: str) -> str:
    return str((await phone.do("say", {"text": words}))["reply"])


async def notices(town: Town) -> list[int]:
    return [row["count"] for row in await town.delivered(by="client_msg_id") if row["key"]]


async def test_a_guardian_is_bound_asks_is_told_stops_and_is_still_answered(
    db: None, settings: Settings
) -> None:
    async with open_town(settings, now=START) as town:
        zhou = await town.admin("zhou", org_code=LIXIA)
        zheng = await town.admin("zheng", org_code=LIXIA)
        await enrol(zhou, [WANG_XIAOSI], [SUN_JIANGUO])
        await make_policy(name="重度残疾人护理补贴")
        sun = await signed_in_cadre(town)
        xiulan = await town.phone("xiulan", number=WANG_XIULAN.phone)

        assert "您还没有绑定" in await says(xiulan, "我能享受什么")
        await scans_her_card(zhou, xiulan)
        assert (await Consent.get()).withdrawn_at is None

        assert "可以申请：重度残疾人护理补贴" in await says(xiulan, "我能享受什么")
        assert "为什么有这条" in await says(xiulan, "1")
        assert SUN_JIANGUO.name in await says(xiulan, "我的干部")

        await asks_and_is_answered(town, sun, xiulan)

        await policy_notice(town, zhou, zheng, title="护理补贴年审通知", at=START + timedelta(hours=1))
        assert await notices(town) == [1]
        assert "已停止通知" in await says(xiulan, "退订")
        assert (await Consent.get()).withdrawal_evidence.startswith("push:")
        await policy_notice(town, zhou, zheng, title="免费体检通知", at=START + timedelta(hours=2))
        assert await notices(town) == [1]

        assert "您可以回复数字" in await says(xiulan, "帮助")
        assert "可以申请" in await says(xiulan, "2")


async def asks_and_is_answered(town: Town, sun: Phone, xiulan: Phone) -> None:
    """She writes what the bot does not know; her cadre answers, and it arrives by itself."""
    assert "已转给您的帮扶干部和县残联" in await says(xiulan, "轮椅坏了找谁修？")
    (asked,) = (await sun.send("GET", "/mini/v1/inquiries")).json()["items"]
    assert asked["text"] == "轮椅坏了找谁修？"

    told = await sun.send("POST", f"/mini/v1/inquiries/{asked['id']}/answer", {"text": "明天上门来修"})
    await town.work()

    assert told.json()["way"] == "leaves", told.text
    assert any("回复：明天上门来修" in seen for seen in await xiulan.reads())


async def test_a_guardian_without_a_card_is_bound_by_six_digits_and_cuts_it_again(
    db: None, settings: Settings
) -> None:
    async with open_town(settings, now=START) as town:
        zhou = await town.admin("zhou", org_code=LIXIA)
        await enrol(zhou, [WANG_XIAOSI], [SUN_JIANGUO])
        sun = await signed_in_cadre(town)
        xiulan = await town.phone("xiulan", number=WANG_XIULAN.phone)
        await xiulan.do("follow")
        (pairing,) = (await sun.send("GET", "/mini/v1/pairings")).json()["items"]

        answer = await sun.send("POST", f"/mini/v1/pairings/{pairing['id']}/binding-pins")
        (pin,) = answer.json()["items"]

        assert "绑定成功" in await says(xiulan, pin["spoken"])
        await town.work()
        assert await xiulan.open_mini_program() == "guardian", "the unionid says that it is she"

        assert "已解除绑定" in await says(xiulan, "解绑")
        assert await xiulan.open_mini_program() == "unbound"
        assert await WeChatIdentity.exclude(guardian_id=None).count() == 0
