"""The last resort for one person: not too many messages, and never the same words twice within a week.

What a person was sent is a short text of entries in his ledger row: the day, the message, a digest of its
words, and how it travels. Entries are only a suspicion: a message that was counted and then did not leave
is recognised by its own row, so that nothing has to be taken out when a try comes to nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from app.core.clock import chinese_day
from app.messaging.enums import Channel, Purpose, Reason
from app.messaging.rules import DAILY_CAP

# 群发: 用户每月只能接收4条.
MASS_A_MONTH = 4
SAME_TEXT_DAYS = 7
# The longest month, for mass messages; everything else is forgotten after a week.
KEPT_DAYS = 31
# As many as a row has room for, with twice the number that one chunk may add.
MOST_ENTRIES = 24

_MASS = "m"


@dataclass(slots=True)
class Entry:
    """One message that was counted for a person; thousands are made a second.

    Args:
        day: number of the day in the province.
        message_id: which one.
        digest: of its words, see `digest_of`.
        is_mass: whether it is one of the few mass messages of the month.
    """

    day: int
    message_id: int
    digest: str
    is_mass: bool

    @property
    def text(self) -> str:
        """Return it as it stands in the ledger."""
        return f"{self.day}.{self.message_id}.{self.digest}{_MASS if self.is_mass else ''};"


def entries_of(text: str) -> list[Entry]:
    """Read the entries of a ledger row, oldest first."""
    found = []
    for one in text.split(";")[:-1]:
        day, message_id, digest = one.split(".")
        found.append(Entry(int(day), int(message_id), digest.removesuffix(_MASS), digest.endswith(_MASS)))
    return found


def digest_of(
    *, purpose: Purpose, template_id: str, fields: Mapping[str, str], text: str, today: date
) -> str:
    """Return 16 characters that are the same for the same words.

    The day on which a message is sent is no part of its words: the same notice on the next day says nothing
    more.
    """
    shown = chinese_day(today)
    words = (purpose.value, template_id, text, *(word for word in fields.values() if word != shown))
    # Hexadecimal digits end with "f", so that the mark of a mass message cannot be one.
    return blake2b("\x1f".join(words).encode(), digest_size=8).hexdigest()


def is_reply(channel: Channel, *, in_campaign: bool) -> bool:
    """Tell whether such messages answer what a person wrote or did.

    A notice to many that leaves through the window that he opened is none.
    """
    return channel is Channel.CUSTOMER_SERVICE and not in_campaign


def is_counted(channel: Channel) -> bool:
    """Tell whether such messages disturb the person they are about; a call task goes to his cadre."""
    return channel is not Channel.CALL_TASK


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a message may have to stay, and which messages would have to have left for that.

    Args:
        reason: why.
        message_ids: those that would have to have left.
        at_least: how many of them.
    """

    reason: Reason
    message_ids: frozenset[int]
    at_least: int

    def holds(self, left: Collection[int]) -> bool:
        """Tell whether it holds, when these messages have left."""
        return len(self.message_ids.intersection(left)) >= self.at_least


def suspicions(
    own: Entry, entries: Iterable[Entry], *, channel: Channel, urgent: bool, in_campaign: bool
) -> list[Suspicion]:
    """Return what speaks against sending a message to a person who was sent all this.

    Args:
        own: the message's own entry.
        entries: of his row, its own among them.
        channel: how it travels.
        urgent: whether it may be one too many.
        in_campaign: whether many get it.
    """
    others = [one for one in entries if one.message_id != own.message_id]
    month = date.fromordinal(own.day).replace(day=1).toordinal()
    same = [one for one in others if one.digest == own.digest and one.day > own.day - SAME_TEXT_DAYS]
    mass = [one for one in others if one.is_mass and one.day >= month] if own.is_mass else []
    today = [one for one in others if one.day == own.day] if not urgent else []
    found = [
        Suspicion(reason, frozenset(one.message_id for one in group), at_least)
        for reason, group, at_least in (
            (Reason.SAME_TEXT, same, 1),
            (Reason.MONTH_QUOTA, mass, MASS_A_MONTH),
            (Reason.DAILY_CAP, today, DAILY_CAP),
        )
    ]
    if is_reply(channel, in_campaign=in_campaign):
        return []
    return [one for one in found if len(one.message_ids) >= one.at_least]


def still_kept(entries: Iterable[Entry], *, today: int, without: Collection[int] = ()) -> list[Entry]:
    """Return what a row has to remember, the newest last, each message once.

    Args:
        entries: of the row.
        today: number of the day.
        without: messages that have not left and will not.
    """
    newest = {
        one.message_id: one
        for one in entries
        if one.message_id not in without and one.day > today - (KEPT_DAYS if one.is_mass else SAME_TEXT_DAYS)
    }
    return list(newest.values())[-MOST_ENTRIES:]
