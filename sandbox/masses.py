"""What WeChat remembers of mass messages (群发): the ids of clients, and who got how many this month."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.clock import china_month
from sandbox.errors import RefusedCall
from sandbox.limits import LimitBook, Periods

#: 群发 guide: a clientmsgid is checked against the mass messages of the last 24 hours.
_WINDOW_S = 86_400.0
_MONTHS_KEPT = 24


@dataclass(slots=True)
class MassBook:
    """Mass messages of the service account."""

    limits: LimitBook
    _sent: dict[str, tuple[int, float]] = field(default_factory=dict)
    _months: Periods = field(default_factory=lambda: Periods(_MONTHS_KEPT))
    _accounts: Periods = field(default_factory=lambda: Periods(_MONTHS_KEPT))

    def check_id(self, client_id: str, *, now: float) -> None:
        """Make sure that this id is new.

        Raises:
            RefusedCall: 45065 it is not, with the earlier `msg_id`; 45066 it came again sooner than allowed.
        """
        oldest = now - _WINDOW_S
        while self._sent:
            first, (_, at) = next(iter(self._sent.items()))
            if at > oldest:
                break
            del self._sent[first]
        found = self._sent.get(client_id)
        if found is None or found[1] <= oldest:
            return
        if now - found[1] < self.limits.rules.mass_retry_gap_s:
            raise RefusedCall(45066)
        raise RefusedCall(45065, msg_id=found[0])

    def take(self, openids: Sequence[str], *, now: float) -> list[str]:
        """Take one mass message from the month of each of these people; those who still had one are returned.

        Raises:
            RefusedCall: 45028 the account's month is used up, or that of every one of these people.
        """
        month = china_month(now)
        persons, account, rules = self._months.of(month), self._accounts.of(month), self.limits.rules
        sent = account.get("sent", 0)
        if rules.mass_account_monthly is not None and sent >= rules.mass_account_monthly:
            raise RefusedCall(45028)
        free = [openid for openid in openids if persons.get(openid, 0) < rules.mass_monthly]
        if not free:
            raise RefusedCall(45028)
        for openid in free:
            persons[openid] = persons.get(openid, 0) + 1
        account["sent"] = sent + 1
        return free

    def remember(self, client_id: str, msg_id: int, *, now: float) -> None:
        """This id is used from now on."""
        self._sent.pop(client_id, None)
        self._sent[client_id] = (msg_id, now)
