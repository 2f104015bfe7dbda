"""The one append-only account of what happened: calls, deliveries, pushes, replies, acts of people.

An entry is a JSON object with `seq` (1, 2, …), `at` (UTC), `kind` and what the kind adds:
`call` an API call and its answer · `delivered` a message a person really sees · `repeat` a client_msg_id seen
again, answered but not delivered · `held` a message that waits for the platform's review · `blocked` one the
platform keeps back · `lost` one that was accepted and never arrived · `push` one try to hand over an event ·
`reply` a passive reply as shown · `notice` what WeChat itself tells the user · `act` what a person or a test
did.
"""

import itertools
import json
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from sandbox.clock import Clock, iso
from sandbox.tally import Tally

Entry = dict[str, Any]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SHOWN_KINDS = frozenset({"delivered", "reply", "notice"})
_SHOWN_ACTS = frozenset({"say", "click", "follow", "unfollow"})


def on_screen(entry: Entry) -> bool:
    """Whether a phone shows this entry in a conversation."""
    return entry["kind"] in _SHOWN_KINDS or entry.get("act") in _SHOWN_ACTS


class Ledger:
    """Numbers, times and keeps entries; flushed to the file, when there is one, at every append.

    Deliveries are counted by each business key in `tally`, calls by path and errcode, whether entries are
    kept or not: with `keep` 0 and no file the ledger is nothing but these counters.
    """

    def __init__(self, *, clock: Clock, path: Path | None, keep: int, tally: Sequence[str] = ()) -> None:
        self._clock = clock
        self._path = path
        self.tallies = {by: Tally(by) for by in tally}
        self.calls: Counter[tuple[str, int]] = Counter()
        self.keeps = keep > 0 or path is not None
        self._recent: deque[Entry] = deque(maxlen=keep)
        self._seq = 0
        self._floor = 0
        self._file: BinaryIO | None = None

    def open(self) -> Iterator[Entry]:
        """Open the file and yield what it already holds since the last reset, oldest first.

        A last line without its end was being written when the process died, and is cut off.
        """
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        self._cut_torn_line(self._path)
        for entry in self._read(self._path):
            self._seq = entry["seq"]
            if entry["kind"] == "act" and entry.get("act") == "reset":
                self.forget()
            self._count(entry["kind"], entry)
            self._recent.append(entry)
            yield entry
        self._file = self._path.open("ab", buffering=0)

    def close(self) -> None:
        """Close the file; entries stay readable."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def append(self, kind: str, **facts: Any) -> None:
        """Write one entry."""
        self.append_all([(kind, facts)])

    def append_all(self, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Write entries that belong together, (kind, facts) each, in one write."""
        first = self._seq + 1
        self._seq += len(rows)
        for kind, facts in rows:
            self._count(kind, facts)
        if not self.keeps:
            return
        at = iso(self._clock.now())
        entries: list[Entry] = [
            {"seq": seq, "at": at, "kind": kind, **facts} for seq, (kind, facts) in enumerate(rows, first)
        ]
        self._recent.extend(entries)
        if self._file is not None:
            self._file.write("".join([_encode(entry) + "\n" for entry in entries]).encode())

    def forget(self) -> None:
        """Start afresh for readers: what was written before stays in the file and is no longer answered."""
        self._floor = self._seq
        self._recent.clear()
        self.calls.clear()
        for tally in self.tallies.values():
            tally.clear()

    def complete(self, *, after: int = 0) -> bool:
        """Whether every entry above `after` can still be answered."""
        return self._path is not None or max(after, self._floor) + 1 >= self._oldest_kept

    @property
    def last_seq(self) -> int:
        """Number of the newest entry, 0 when there is none."""
        return self._seq

    def entries(
        self, *, after: int = 0, kind: str | None = None, openid: str | None = None
    ) -> Iterator[Entry]:
        """Entries with a number above `after`, oldest first, of one kind or one openid if asked for.

        Without a file only the newest `ledger_keep` entries are left to answer from.
        """
        floor = max(after, self._floor)
        for entry in self._source(floor):
            if entry["seq"] <= floor or (kind and entry["kind"] != kind):
                continue
            if openid is None or entry.get("openid") == openid:
                yield entry

    def screen(self, openid: str, *, limit: int) -> list[Entry]:
        """The last `limit` entries that this openid's phone shows, oldest first."""
        mine = (
            entry for entry in reversed(self._recent) if entry.get("openid") == openid and on_screen(entry)
        )
        return list(itertools.islice(mine, limit))[::-1]

    def newest(self, limit: int) -> list[Entry]:
        """The last `limit` entries, newest first."""
        return list(itertools.islice(reversed(self._recent), limit))

    @property
    def _oldest_kept(self) -> int:
        return self._recent[0]["seq"] if self._recent else self._seq + 1

    def _count(self, kind: str, facts: Entry) -> None:
        if kind == "delivered":
            for tally in self.tallies.values():
                tally.add(facts)
        elif kind == "call":
            self.calls[facts["path"], facts["errcode"]] += 1

    def _source(self, floor: int) -> Iterator[Entry]:
        if self._path is not None and floor + 1 < self._oldest_kept:
            return self._read(self._path)
        return iter(list(self._recent))

    @staticmethod
    def _read(path: Path) -> Iterator[Entry]:
        with path.open("rb") as lines:
            for line in lines:
                yield json.loads(line)

    @staticmethod
    def _cut_torn_line(path: Path) -> None:
        with path.open("rb+") as file:
            size = file.seek(0, 2)
            position = size
            while position > 0:
                start = max(0, position - 65536)
                file.seek(start)
                block = file.read(position - start)
                newline = block.rfind(b"\n")
                if newline >= 0:
                    file.truncate(start + newline + 1)
                    return
                position = start
            file.truncate(0)
