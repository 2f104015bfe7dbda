"""What the program asks of a provider of short messages, and the three ways in which it can fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.sms.codes import Reaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsReceipt:
    """The provider took a message over; whether it arrived is told later.

    Args:
        serial: the provider's number of the message.
        parts: how many messages were charged for it, long texts are several.
    """

    serial: str
    parts: int


class SmsRefused(Exception):
    """The provider said no; nothing was sent.

    Args:
        code: the provider's word for it.
        sentence: the reason in words that a clerk understands.
        reaction: what the sender should do.
        wait_seconds: wait at least this long before another try; None leaves it to the sender.
        retries: how many more tries are worth it; None means until the message is too old.
    """

    def __init__(
        self,
        *,
        code: str,
        sentence: str,
        reaction: Reaction,
        wait_seconds: int | None = None,
        retries: int | None = None,
    ) -> None:
        # The provider's own sentence may hold the number, so only its code is told.
        super().__init__(f"refused: {code}")
        self.code = code
        self.sentence = sentence
        self.reaction = reaction
        self.wait_seconds = wait_seconds
        self.retries = retries


class SmsNotReached(Exception):
    """Nothing left us: no name, no connection, somebody else's certificate. Trying again is safe."""


class SmsUnanswered(Exception):
    """The request may have arrived. Providers know no idempotency key, so it is never repeated blindly."""


class SmsGateway(Protocol):
    """One provider of short messages."""

    async def send(
        self, *, phone: str, template_id: str, params: Mapping[str, str], out_id: str
    ) -> SmsReceipt:
        """Send one message by an approved template.

        Args:
            phone: 11 digits, a mobile number of the mainland.
            template_id: the template, as the provider numbers it.
            params: what stands in its places, in their order; the names are for the reader of the code.
            out_id: our own number of the message, which comes back with the delivery report.

        Raises:
            SmsRefused: nothing was sent, and why.
            SmsNotReached: nothing was sent, try again.
            SmsUnanswered: nobody knows whether it was sent.
        """
        ...

    async def close(self) -> None:
        """Let go of threads and sockets."""
        ...
