"""The reading process: one uploaded file in by standard input, its rows out by standard output, then gone."""

import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress

from app.core.spreadsheets.archive import SheetLimits
from app.core.spreadsheets.reading import TableReader
from app.core.spreadsheets.refusals import OUT_OF_MEMORY, SpreadsheetRefused
from app.core.spreadsheets.tables import RawRow

_ROWS_PER_FRAME = 100
_CHARACTERS_PER_FRAME = 200_000


def _main() -> None:
    request = json.loads(_read_frame())
    limits = SheetLimits(**request["limits"])
    _confine(limits)
    try:
        content = sys.stdin.buffer.read()
        reader = TableReader(content, headers=request["headers"], optional=request["optional"], limits=limits)
        _write_frame({"columns": reader.columns})
        for rows in _frames(reader.rows()):
            _write_frame({"rows": rows})
        _write_frame({"end": True})
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except SpreadsheetRefused as refusal:
        _refuse(refusal)


def _confine(limits: SheetLimits) -> None:
    """Let the system end this process when a file turns out to cost more than it may."""
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # macOS knows no limit on address space; there the other limits have to do.
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def _frames(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    """Group rows so that one frame is neither many rows nor much text."""
    frame: list[RawRow] = []
    characters = 0
    for row in rows:
        frame.append(row)
        characters += sum(len(value or "") for _, value in row[1].values())
        if len(frame) >= _ROWS_PER_FRAME or characters > _CHARACTERS_PER_FRAME:
            yield frame
            frame, characters = [], 0
    if frame:
        yield frame


def _refuse(refusal: SpreadsheetRefused) -> None:
    _write_frame({"code": refusal.code, "detail": refusal.detail, "facts": refusal.facts})


def _read_frame() -> bytes:
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    return sys.stdin.buffer.read(length)


def _write_frame(message: dict[str, object]) -> None:
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()
