"""What becomes of the events that tell whether a message arrived: on time, held, doubled, mixed up, lost.

Scripted over /_sandbox/receipts. Other events, those of people, are not touched.
"""

import asyncio
import contextlib
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.events import Event
from sandbox.pushes import Pusher

_EARLY_S = 10.0
_MOST_HELD = 2_000_000

Share = Annotated[float, Field(ge=0, le=1)]


class ReceiptScript(BaseModel):
    """How receipts are handed over.

    `hold` keeps them until released · `order` is how held ones go out · `copies` pushes of each receipt, the
    same event newly sealed · `early` hands them over before the send is answered · `drop` the share that is
    never pushed · `stray` the share that is followed by a receipt with a msgid no send was answered with ·
    `failed` the share of accepted messages that never arrive, told with `failed_status`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hold: bool = False
    order: Literal["sent", "reversed", "shuffled"] = "sent"
    copies: int = Field(default=1, ge=1, le=20)
    early: bool = False
    drop: Share = 0.0
    stray: Share = 0.0
    failed: Share = 0.0
    failed_status: str = "failed: system failed"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt to come; the event is made with its msgid when it goes out."""

    msgid: int
    event: Callable[[int], Event]


@dataclass(slots=True)
class Receipts:
    """Carries the script out."""

    pusher: Pusher
    next_id: Callable[[], int]
    script: ReceiptScript = field(default_factory=ReceiptScript)
    held: deque[Receipt] = field(default_factory=deque)
    counts: Counter[str] = field(default_factory=Counter)
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - repeatable

    def follow(self, script: ReceiptScript) -> None:
        """Take up another script; receipts already held stay so."""
        self.script = script
        self._random = random.Random(script.seed)  # noqa: S311 - repeatable on purpose

    def failure(self) -> str | None:
        """Whether the next accepted message gets lost, and the status that tells so."""
        return self.script.failed_status if self._strikes(self.script.failed) else None

    def take(self, receipts: Sequence[Receipt]) -> None:
        """Hand receipts over, or do with them what the script says."""
        for receipt in receipts:
            for each in self._scripted(receipt):
                self._push(each)

    async def take_early(self, receipts: Sequence[Receipt]) -> None:
        """As `take`, and wait until the product has answered the pushes, ten seconds at most."""
        pushed = [self._push(each, wait=True) for receipt in receipts for each in self._scripted(receipt)]
        waiting = [future for future in pushed if future is not None]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*waiting), _EARLY_S)

    def release(self, count: int | None = None) -> int:
        """Let the oldest `count` held receipts go, or all, in the script's order; returns how many."""
        going = [self.held.popleft() for _ in range(min(count or len(self.held), len(self.held)))]
        if self.script.order == "reversed":
            going.reverse()
        elif self.script.order == "shuffled":
            self._random.shuffle(going)
        for receipt in going:
            self._push(receipt)
        return len(going)

    def _scripted(self, receipt: Receipt) -> list[Receipt]:
        """What goes out now of one receipt."""
        script = self.script
        if self._strikes(script.drop):
            self.counts["dropped"] += 1
            return []
        going = [receipt] * script.copies
        if self._strikes(script.stray):
            self.counts["stray"] += 1
            going.append(Receipt(self.next_id(), receipt.event))
        if not script.hold:
            return going
        room = _MOST_HELD - len(self.held)
        self.held.extend(going[:room])
        self.counts["dropped"] += len(going[room:])
        return []

    def _push(self, receipt: Receipt, *, wait: bool = False) -> "asyncio.Future[object] | None":
        self.counts["pushed"] += 1
        return self.pusher.send(receipt.event(receipt.msgid), wait=wait)  # type: ignore[return-value]

    def _strikes(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
