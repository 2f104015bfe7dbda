"""A card needs WeChat; without it the clerk is told, and nothing half-made is handed over."""

import httpx
import pytest

from app.wechat.gateway import SceneQr, WeChatNotReached, WeChatRefused
from tests.accounts.factories import staff_headers
from tests.fakes.wechat import FakeWeChat
from tests.people.factories import make_guardian


class FailingWeChat(FakeWeChat):
    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure

    async def create_scene_qr(self, *, scene: str, expire_seconds: int) -> SceneQr:
        raise self.failure


@pytest.fixture(
    params=[WeChatNotReached("no connection"), WeChatRefused(errcode=45009, errmsg="limit")],
    ids=["silent", "refusing"],
)
def wechat(request: pytest.FixtureRequest) -> FakeWeChat:
    return FailingWeChat(request.param)


async def test_no_card_without_wechat(client: httpx.AsyncClient) -> None:
    guardian = await make_guardian()

    answer = await client.post(
        f"/admin/v1/guardians/{guardian.id}/binding-codes", headers=await staff_headers(client)
    )

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "qr_image" not in answer.text
