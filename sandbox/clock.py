"""The time WeChat believes it is; tests move it, nothing else does."""

import time
from datetime import UTC, datetime, timedelta, timezone

_CHINA_S = 8 * 3600
_CHINA = timezone(timedelta(seconds=_CHINA_S))
_DAY_S = 86_400


class Clock:
    """Real time plus an offset in seconds."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since 1970, as this WeChat sees it."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once; negative values go back."""
        self.offset += seconds


def iso(moment: float) -> str:
    """`moment` as UTC text with milliseconds, the form the ledger keeps."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def china_day(moment: float) -> str:
    """The calendar day in China, the day WeChat's daily quotas count."""
    return datetime.fromtimestamp(moment, _CHINA).date().isoformat()


def china_day_number(moment: float) -> int:
    """The same day as a number that grows by one each midnight in China; quicker than its name."""
    return int(moment + _CHINA_S) // _DAY_S


def china_month(moment: float) -> str:
    """The calendar month in China, the period of the mass-send quota (自然月)."""
    return china_day(moment)[:7]
