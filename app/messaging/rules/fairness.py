"""Whose messages leave next when several federations wait: each gets its share, and none comes last.

What waits together for one federation is a queue, named by the federation's code. Shares follow weights, a
share that is not needed goes to the others, and what one portion could not divide evenly is made up for in
the next ones.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest
from math import floor

from app.messaging.enums import Channel

# Asking who waits costs a step per federation; whoever comes meanwhile waits no longer than this.
_ASK_AGAIN = timedelta(seconds=1)


def share_out(
    amount: int,
    *,
    waiting: Sequence[str],
    owed: Mapping[str, float],
    weight: Callable[[str], float],
    at_most: int,
) -> tuple[dict[str, int], dict[str, float]]:
    """Divide the next portion among the queues that wait, and return who gets how many and what is owed then.

    As long as the same queues wait and no more than `at_most`, each has got its share of everything, to
    within one message. When there are more, the most indebted are served and the others go on being owed.

    Args:
        amount: messages to divide.
        waiting: queues in which something is due, each once.
        owed: what earlier portions left owed to a queue, below zero when it got ahead; none means nothing.
        weight: of a queue, above zero.
        at_most: how many queues may be served by one portion.
    """
    if not waiting or amount < 1:
        return {}, {queue: owed.get(queue, 0.0) for queue in waiting}
    total = sum(weight(queue) for queue in waiting)
    debts = {queue: owed.get(queue, 0.0) + amount * weight(queue) / total for queue in waiting}
    served = sorted(debts, key=lambda queue: (-debts[queue], queue))[:at_most]
    wanted = {queue: max(0.0, debts[queue]) for queue in served}
    # Less than there is when some got ahead, more when not everybody can be served: it is all given out.
    whole = sum(wanted.values())
    shares = {queue: floor(part * amount / whole) for queue, part in wanted.items()}
    left = amount - sum(shares.values())
    for queue in nlargest(left, served, key=lambda queue: (debts[queue] - shares[queue], queue)):
        shares[queue] += 1
    return shares, {queue: debt - shares.get(queue, 0) for queue, debt in debts.items()}


@dataclass(slots=True)
class Turns:
    """Whose turn it is in one lane, remembered by one worker between its claims; losing it costs nothing.

    Args:
        weights: of federations that count more or less than others, by code.
        owed: what earlier portions left owed to whom.
        waiting: who waited when it was last asked.
        ways: by which channels what waited in a queue leaves.
        asked_at: when that was.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    owed: dict[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    ways: Mapping[str, Collection[Channel]] = field(default_factory=dict)
    asked_at: datetime | None = None

    def weight(self, queue: str) -> float:
        """Return how much a queue counts: one, unless a setting says otherwise."""
        return self.weights.get(queue, 1.0)

    def knows_who_waits(self, now: datetime) -> bool:
        """Tell whether it was asked just now and somebody waited."""
        return bool(self.waiting) and self.asked_at is not None and now - self.asked_at < _ASK_AGAIN

    def copy(self) -> "Turns":
        """Return a copy to try a portion on: a transaction may have to run twice."""
        return Turns(
            weights=self.weights,
            owed=dict(self.owed),
            waiting=self.waiting,
            ways=self.ways,
            asked_at=self.asked_at,
        )

    def adopt(self, tried: "Turns") -> None:
        """Take over what a portion that was committed left."""
        self.owed, self.waiting, self.ways = tried.owed, tried.waiting, tried.ways
        self.asked_at = tried.asked_at

    def told(self, ways: Mapping[str, Collection[Channel]], *, now: datetime) -> None:
        """Note who waits, and for which channels; whoever waits no longer is owed nothing."""
        self.waiting, self.ways, self.asked_at = tuple(ways), ways, now
        self.owed = {queue: self.owed[queue] for queue in ways if queue in self.owed}

    def next_shares(self, amount: int, *, among: Sequence[str], at_most: int) -> dict[str, int]:
        """Divide the next portion among these queues, and remember what is owed after it."""
        shares, owed = share_out(amount, waiting=among, owed=self.owed, weight=self.weight, at_most=at_most)
        self.owed |= owed
        return {queue: share for queue, share in shares.items() if share}

    def emptied(self, queue: str) -> None:
        """Note that a queue had less than its share."""
        self.waiting = tuple(one for one in self.waiting if one != queue)
        self.owed.pop(queue, None)
