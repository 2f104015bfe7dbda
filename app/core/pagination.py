"""Lists in pages: `?cursor=&limit=`, always in a fixed order, never unbounded."""

from typing import Annotated, Generic, Protocol, TypeVar

from fastapi import Depends, Query

from app.core.bodies import LARGEST_ID, AnswerBody

T = TypeVar("T")
MAX_LIMIT = 200


class PageQuery:
    """Where to go on, and how many to return.

    Args:
        cursor: the id after which the page begins, 0 for the first page.
        limit: 1 to 200.
    """

    def __init__(self, cursor: int = 0, limit: int = 50) -> None:
        self.cursor = cursor
        self.limit = limit


async def _page_query(
    cursor: Annotated[int, Query(ge=0, le=LARGEST_ID, description="上一页返回的 next_cursor")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> PageQuery:
    return PageQuery(cursor=cursor, limit=limit)


PageQueryDep = Annotated[PageQuery, Depends(_page_query)]


class HasId(Protocol):
    """A row with the number by which its list goes on."""

    @property
    def id(self) -> int:
        """Return the number."""
        ...


Row = TypeVar("Row", bound=HasId)


def cut(rows: list[Row], *, page: PageQuery) -> tuple[list[Row], int | None]:
    """Return the rows of one page and where the next one begins, None on the last.

    Args:
        rows: one more than the page holds, if there are so many.
        page: how many it holds.
    """
    if len(rows) <= page.limit:
        return rows, None
    return rows[: page.limit], rows[page.limit - 1].id


class Page(AnswerBody, Generic[T]):
    """One page; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: int | None = None
