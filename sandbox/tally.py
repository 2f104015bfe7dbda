"""Exact counts of what people really saw, kept up while it happens, so that no entry has to be read again.

Memory per message is one place in a table: about 60 bytes where many people get the same content, about 130
where every message has a key of its own.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def business_key(entry: Mapping[str, Any], by: str) -> str:
    """What makes two deliveries the same: "data" (template and values), "data.<field>" or an entry's field.

    Empty when the entry has no such key.
    """
    if by == "data":
        return _encode([entry.get("template_id"), entry.get("data") or entry.get("message")])
    if by.startswith("data."):
        return str(entry.get("data", {}).get(by.removeprefix("data."), ""))
    return str(entry.get(by) or "")


@dataclass(slots=True)
class Tally:
    """Deliveries by person and one business key.

    `total` counts every delivery, `keyless` those of them without the key; `doubled` counts pairs of person
    and key that occurred more than once, `surplus` the deliveries beyond the first of each pair.
    """

    by: str
    total: int = 0
    keyless: int = 0
    doubled: int = 0
    surplus: int = 0
    # A key that one person got once holds the openid only: for keys of single messages that is every one.
    _seen: dict[str, str | dict[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]], *, by: str) -> "Tally":
        """Count deliveries that are at hand."""
        made = cls(by)
        for entry in entries:
            made.add(entry)
        return made

    def add(self, entry: Mapping[str, Any]) -> None:
        """Count one delivery; it needs an `openid`."""
        self.total += 1
        key, openid = business_key(entry, self.by), entry["openid"]
        if not key:
            self.keyless += 1
            return
        known = self._seen.get(key)
        if known is None:
            self._seen[key] = openid
            return
        if isinstance(known, str):
            known = self._seen[key] = {known: 1}
        count = known[openid] = known.get(openid, 0) + 1
        if count > 1:
            self.surplus += 1
            self.doubled += count == 2  # noqa: PLR2004 - the moment a pair becomes a doubled one

    def clear(self) -> None:
        """Begin at nothing."""
        self.total = self.keyless = self.doubled = self.surplus = 0
        self._seen.clear()

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """Every pair that occurred: (openid, key, how often), by the first occurrence of the key."""
        for key, known in self._seen.items():
            if isinstance(known, str):
                yield known, key, 1
            else:
                for openid, count in known.items():
                    yield openid, key, count

    def totals(self) -> dict[str, int]:
        """The sums, at no cost however much was counted."""
        sums = {"total": self.total, "keyless": self.keyless, "keys": len(self._seen)}
        return {**sums, "doubled": self.doubled, "surplus": self.surplus}

    def by_key(self) -> Iterator[dict[str, object]]:
        """Every key with its deliveries, people and doubled people, by the first occurrence."""
        for key, known in self._seen.items():
            counts = [1] if isinstance(known, str) else known.values()
            doubled = sum(1 for count in counts if count > 1)
            yield {"key": key, "total": sum(counts), "people": len(counts), "doubled": doubled}
