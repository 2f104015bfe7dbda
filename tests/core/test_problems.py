"""What a caller gets when something is wrong."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.bootstrap import Services
from app.core.middleware import BODY_LIMIT
from app.main import create_app


async def test_an_unknown_address_is_a_problem_document(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing/here")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "没有找到"


async def test_nobody_is_sent_to_the_host_that_he_claims_to_have_called(client: httpx.AsyncClient) -> None:
    answer = await client.get("/admin/v1/cadres/", headers={"host": "evil.example"})

    assert answer.status_code == 404
    assert "location" not in answer.headers


async def test_a_body_that_is_no_json_is_explained(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/admin/v1/session", content=b'{"username": ', headers={"content-type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "不是有效的 JSON"


async def test_a_body_over_the_limit_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/admin/v1/session", content=b"x" * (BODY_LIMIT + 1))

    assert answer.status_code == 413
    assert answer.json()["title"] == "上传的内容过大"


@pytest.mark.parametrize("path", ["/admin/v1/imports?kind=cadres", "/console/rosters"])
async def test_a_roster_may_be_larger_than_other_bodies(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, files={"file": ("名册.xlsx", b"x" * (BODY_LIMIT + 1))})

    assert answer.status_code != 413


async def test_a_body_that_hides_its_length_is_refused_all_the_same(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * BODY_LIMIT

    answer = await client.post(
        "/admin/v1/session", content=endless(), headers={"content-type": "application/json"}
    )

    assert answer.status_code == 413


async def test_a_body_of_unknown_fields_is_not_answered_at_greater_length(client: httpx.AsyncClient) -> None:
    body = dict.fromkeys((f"k{number}" for number in range(5000)), 1)

    answer = await client.post("/admin/v1/session", json=body)

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20


async def test_a_bug_shows_a_number_and_nothing_else(services: Services, db: None) -> None:
    app = create_app(services.settings, services=services)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a secret detail")

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/broken")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


async def test_answers_carry_the_headers_that_browsers_need(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("text", ["enc:v1:a:b.c", "  enc:v1:", "周\0敏", "\x1b[2J"])
async def test_a_text_that_cannot_be_kept_is_refused_in_words(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.post("/admin/v1/session", json={"username": text, "password": "x"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/username", "detail": "含有不能保存的字符，请删除后重新填写"}
    ]
