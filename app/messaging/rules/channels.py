"""What each way of sending allows: repeating what was not answered, credits, windows, mass messages."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.messaging.enums import Channel, WindowAct

# WeChat sends one client_msg_id once in 10 minutes (api_sendtemplatemessage); one minute is left for clocks.
RETRY_WINDOW = timedelta(minutes=9)
# A clientmsgid is compared with the mass messages of 24 hours (群发: clientmsgid); half an hour for clocks.
MASS_WINDOW = timedelta(hours=23, minutes=30)
# What carries a key, and for how long. A call task never leaves us, so that it may always be repeated.
_REPEATED_FOR: Mapping[Channel, timedelta] = {
    Channel.OFFICIAL_TEMPLATE: RETRY_WINDOW,
    Channel.MASS_SEND: MASS_WINDOW,
    Channel.CALL_TASK: timedelta.max,
}
# One accept is one message, and WeChat keeps no count that we could ask for.
CREDITED = frozenset({Channel.MINI_SUBSCRIBE, Channel.OFFICIAL_SUBSCRIBE})

# api_sendcustommessage: a message of the person opens 5 messages for 48 hours; a menu click, a follow and a
# scan open 3 for one minute each.
_WINDOWS: Mapping[WindowAct, tuple[int, timedelta]] = {
    WindowAct.MESSAGE: (5, timedelta(hours=48)),
    WindowAct.CLICK: (3, timedelta(minutes=1)),
    WindowAct.FOLLOW: (3, timedelta(minutes=1)),
    WindowAct.SCAN: (3, timedelta(minutes=1)),
}
# WeChat's clock closes a window, and a message needs a moment to arrive.
_CLOSES_EARLY = timedelta(seconds=5)

# mass/send by openids takes 2 to 10,000 (群发接口: 根据OpenID列表群发).
FEWEST_OF_MASS = 2
MOST_OF_MASS = 10_000
# The guide says 64 bytes, yet one of 36 was refused as too long (45067).
MOST_CLIENT_ID_BYTES = 32
_TOKEN_PART = 8
# Somebody who is alone waits for company until so long before his message comes too late.
LONELY_UNTIL = timedelta(minutes=30)


def may_repeat(channel: Channel, *, first_tried_at: datetime | None, now: datetime) -> bool:
    """Tell whether a try that was never answered may be repeated without a double.

    Template messages carry a key that WeChat keeps for ten minutes, mass messages one that it keeps for a
    day. Subscribe messages, customer-service messages and short messages carry none and are sent at most
    once.
    """
    if first_tried_at is None:
        return True
    window = _REPEATED_FOR.get(channel)
    return window is not None and now - first_tried_at < window


def window_of(act: WindowAct, *, happened_at: datetime) -> tuple[int, datetime]:
    """Return how many customer-service messages an act allows, and until when they have to leave."""
    messages, lasts = _WINDOWS[act]
    return messages, happened_at + lasts - _CLOSES_EARLY


def most_in_window(act: WindowAct) -> int:
    """Return how many customer-service messages an act allows."""
    return _WINDOWS[act][0]


def mass_client_id(batch_id: int, token: str) -> str:
    """Return the clientmsgid of a mass message: the same for every try of one batch.

    A database that was put back gives a number of yesterday to other people, whom WeChat would then pass
    over: so part of the token, which is random, belongs to it.
    """
    return f"lxm{batch_id}-{token[:_TOKEN_PART]}"
