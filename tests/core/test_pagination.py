"""Lists in pages."""

from dataclasses import dataclass

import httpx
import pytest

from app.core.pagination import PageQuery, cut
from tests.accounts.factories import staff_headers


@dataclass(frozen=True)
class Row:
    id: int


@pytest.mark.parametrize(
    ("found", "shown", "next_cursor"),
    [(0, [], None), (1, [10], None), (2, [10, 11], None), (3, [10, 11], 11)],
)
def test_a_page_says_where_the_next_one_begins_only_if_there_is_one(
    found: int, shown: list[int], next_cursor: int | None
) -> None:
    rows, following = cut([Row(10 + place) for place in range(found)], page=PageQuery(limit=2))

    assert [row.id for row in rows] == shown
    assert following == next_cursor


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("limit=0", "数值太小"),
        ("limit=201", "数值太大"),
        ("cursor=-1", "数值太小"),
        (f"cursor={2**63}", "数值太大"),
        ("limit=many", "应为整数"),
    ],
)
async def test_a_page_that_no_list_has_is_refused_in_words(
    client: httpx.AsyncClient, query: str, sentence: str
) -> None:
    answer = await client.get(f"/admin/v1/cadres?{query}", headers=await staff_headers(client))

    assert answer.status_code == 422
    assert [error["detail"] for error in answer.json()["errors"]] == [sentence]
