"""Changing many rows of one table in few statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core import sql

# A CASE over 200 rows of 15 columns is some 6,000 values, well below what SQLite takes in one statement.
_ROWS_AT_ONCE = 200


async def update_many(table: str, columns: Sequence[str], changes: Mapping[int, Sequence[Any]]) -> None:
    """Set columns of many rows, each to values of its own, in the transaction of the caller.

    Args:
        table: whose primary key is `id`.
        columns: the columns to set.
        changes: new values by id, in the order of `columns`.
    """
    ids = sorted(changes)
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        some = ids[start : start + _ROWS_AT_ONCE]
        cases = f"CASE id {'WHEN %s THEN %s ' * len(some)}END"
        settings = ", ".join(f"{column} = {cases}" for column in columns)
        values = [
            value for place in range(len(columns)) for row in some for value in (row, changes[row][place])
        ]
        await sql.execute(
            f"UPDATE {table} SET {settings} WHERE id IN ({sql.marks(len(some))})",  # noqa: S608 - own names
            [*values, *some],
        )


async def insert_many(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows in as few statements as the driver can, in the transaction of the caller."""
    await sql.execute_many(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({sql.marks(len(columns))})",  # noqa: S608 - own names
        rows,
    )
