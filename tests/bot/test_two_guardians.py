"""Two guardians of one person write to the service account."""

import httpx

from app.core.settings import Settings
from app.needs.models import Need
from tests.bot.factories import OPENID, delivery, make_bound_guardian, read_reply, text
from tests.people.factories import make_beneficiary, make_guardian


async def test_each_of_two_guardians_of_one_person_reads_the_same(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    official = settings.wechat.official
    zhang = await make_beneficiary(name="张大山")
    await make_bound_guardian(beneficiary=zhang)
    await make_bound_guardian(beneficiary=zhang, openid="oFather_of-Zhang0000000000002")
    await make_guardian(beneficiary=zhang)

    for openid in (OPENID, "oFather_of-Zhang0000000000002"):
        answer = await delivery(official, text("诉求：轮椅坏了", openid=openid)).post(client)
        assert read_reply(official, answer).content.startswith("张*山的诉求已登记。")
    assert await Need.filter(beneficiary_id=zhang.id).count() == 2
