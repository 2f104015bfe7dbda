"""A provider of short messages that keeps what it was given and fails as it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sms.gateway import SmsReceipt


@dataclass
class FakeSms:
    """Short messages as (phone, template, texts, our number); failures are raised oldest first."""

    sent: list[tuple[str, str, list[str], str]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def send(
        self, *, phone: str, template_id: str, params: Mapping[str, str], out_id: str
    ) -> SmsReceipt:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((phone, template_id, list(params.values()), out_id))
        return SmsReceipt(serial=f"2640:{len(self.sent)}", parts=1)

    async def close(self) -> None:
        """Nothing to close."""
