"""Messages, credits and senders for tests."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.core.clock import Clock
from app.core.settings import SendSettings
from app.messaging.enums import Channel, MessageState, Purpose, RecipientKind
from app.messaging.models import Message, SubscriptionCredit
from app.messaging.notices import Decision, DueMessage, Prepared
from app.messaging.operations import pass_fuses
from app.messaging.sending import Sender
from app.messaging.sending.masses import MassSender
from app.sms.gateway import SmsGateway
from app.wechat.gateway import SendReceipt, SubscribeMessage, TemplateMessage, WeChatGateway
from tests.accounts.factories import LIXIA
from tests.conftest import NOW
from tests.fakes.wechat import FakeWeChat

_numbers = itertools.count(1)

SUBSCRIBE_TEMPLATE = "demo-festival-reminder"
OFFICIAL_TEMPLATE = "demo-policy-notice"


async def make_message(**overrides: Any) -> Message:
    """Make one due template message to a guardian."""
    return await Message.create(**_defaults(overrides))


async def make_messages(count: int, **overrides: Any) -> None:
    """Make so many due template messages, each to another guardian."""
    await Message.bulk_create([Message(**_defaults(overrides)) for _ in range(count)])


def _defaults(overrides: dict[str, Any]) -> dict[str, Any]:
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "dedup_key": f"test:{number}",
        "purpose": Purpose.POLICY_NOTICE,
        "channel": Channel.OFFICIAL_TEMPLATE,
        "recipient_kind": RecipientKind.GUARDIAN,
        "recipient_id": number,
        "region_code": LIXIA,
        "openid": f"o-{number}",
        "template_id": OFFICIAL_TEMPLATE,
        "state": MessageState.QUEUED,
        "next_at": NOW,
        "expires_at": NOW + timedelta(days=5),
        "created_at": NOW,
    }
    return defaults | overrides


async def make_subscribe_message(*, credits_left: int | None = 1, **overrides: Any) -> Message:
    """Make one due subscribe message to a cadre, who accepted so many."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "purpose": Purpose.FESTIVAL_REMINDER,
        "channel": Channel.MINI_SUBSCRIBE,
        "recipient_kind": RecipientKind.CADRE,
        "recipient_id": number,
        "openid": f"c-{number}",
        "template_id": SUBSCRIBE_TEMPLATE,
    }
    message = await make_message(**defaults | overrides)
    if credits_left is not None:
        await SubscriptionCredit.create(
            openid=message.openid,
            template_id=message.template_id,
            remaining=credits_left,
            granted=credits_left,
            updated_at=NOW,
        )
    return message


async def make_mass_message(**overrides: Any) -> Message:
    """Make one due message that travels by 群发, of campaign 1."""
    defaults: dict[str, Any] = {"channel": Channel.MASS_SEND, "campaign_id": 1, "template_id": ""}
    return await make_message(**defaults | overrides)


async def make_call(guardian_id: int, **overrides: Any) -> Message:
    """Make one due call task about a guardian."""
    defaults: dict[str, Any] = {
        "channel": Channel.CALL_TASK,
        "recipient_id": guardian_id,
        "openid": None,
        "template_id": "",
    }
    return await make_message(**defaults | overrides)


async def make_sent(*, count: int, recipient_id: int, openid: str) -> None:
    """Make messages that one guardian got today, each with words of its own."""
    for _ in range(count):
        message = await make_message(
            recipient_id=recipient_id, openid=openid, state=MessageState.SENT, sent_at=NOW
        )
        digest = f"{message.id:016x}"
        await pass_fuses(messages={message.id: (due(message), digest)}, now=NOW)


def due(message: Message) -> DueMessage:
    """Return a message as a claim hands it over."""
    return DueMessage(
        id=message.id,
        token="t",
        purpose=message.purpose,
        channel=message.channel,
        campaign_id=message.campaign_id,
        recipient_kind=message.recipient_kind,
        recipient_id=message.recipient_id,
        openid=message.openid or "",
        template_id=message.template_id,
        urgent=message.urgent,
        attempts=message.attempts,
        first_tried_at=message.first_tried_at,
        expires_at=message.expires_at,
    )


async def credits_of(message: Message) -> int:
    return (await SubscriptionCredit.get(openid=message.openid, template_id=message.template_id)).remaining


@dataclass
class EchoWriter:
    """Writes the id of each message into its text, unless told to decide otherwise."""

    decisions: dict[int, Decision] = field(default_factory=dict)
    forgets: set[int] = field(default_factory=set)
    error: Exception | None = None

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        if self.error is not None:
            raise self.error
        return {
            message.id: self.decisions.get(message.id, Prepared(fields={"thing1": str(message.id)}))
            for message in messages
            if message.id not in self.forgets
        }


@dataclass
class Stops:
    """Remembers which campaigns were stopped, and why."""

    campaigns: dict[int, str] = field(default_factory=dict)

    async def __call__(self, *, campaign_id: int, reason: str, now: datetime) -> None:
        self.campaigns[campaign_id] = reason


@dataclass
class SlowWeChat(FakeWeChat):
    """Holds every message until it is let go, and counts how many it held at once."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0
    most: int = 0

    async def send_subscribe(self, message: SubscribeMessage) -> SendReceipt:
        await self._hold()
        return await super().send_subscribe(message)

    async def send_template(self, message: TemplateMessage) -> SendReceipt:
        await self._hold()
        return await super().send_template(message)

    async def _hold(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.go.wait()
        self.inside -= 1


def make_sender(
    wechat: WeChatGateway,
    clock: Clock,
    *,
    writer: EchoWriter | None = None,
    stops: Stops | None = None,
    sms: SmsGateway | None = None,
    **settings: Any,
) -> Sender:
    """Make a sender that is in no hurry to pace itself."""
    chosen = writer or EchoWriter()
    return Sender(
        wechat=wechat,
        clock=clock,
        settings=SendSettings(**({"rate_per_second": 10_000.0} | settings)),
        writers=dict.fromkeys(Purpose, chosen),
        on_stop=stops or Stops(),
        sms=sms,
    )


@dataclass
class GreetingWriter(EchoWriter):
    """Writes one text for everybody."""

    text: str = "中秋节快乐"

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        return {message.id: Prepared(text=self.text) for message in messages}


def make_mass_sender(
    wechat: WeChatGateway,
    clock: Clock,
    *,
    writer: EchoWriter | None = None,
    stops: Stops | None = None,
    campaign_ids: Sequence[int] = (1,),
    **settings: Any,
) -> MassSender:
    """Make a sender of mass messages for these campaigns."""

    async def campaigns() -> Sequence[int]:
        return campaign_ids

    return MassSender(
        wechat=wechat,
        clock=clock,
        settings=SendSettings(chunk=2, **settings),
        writers=dict.fromkeys(Purpose, writer or GreetingWriter()),
        on_stop=stops or Stops(),
        campaigns=campaigns,
    )
