"""What WeChat's word for the end of a message means."""

from app.messaging.enums import MessageState, Reason

_BLOCKED = "userblock"


def end_of(*, delivered: bool, status: str | None) -> tuple[MessageState, Reason | None]:
    """Return the state in which a receipt leaves a message, and why it did not arrive.

    Args:
        delivered: whether it reached the phone.
        status: WeChat's word for a failure, without blanks: `failed:userblock`.
    """
    if delivered:
        return MessageState.DELIVERED, None
    blocked = _BLOCKED in (status or "")
    return MessageState.FAILED, Reason.BLOCKED_BY_USER if blocked else Reason.REFUSED_BY_WECHAT
