"""A clock that moves only when a test moves it."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass
class FixedClock:
    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def advance(self, step: timedelta) -> None:
        self.moment += step
