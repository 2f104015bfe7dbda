"""Who carries the messages of which channel, and what their refusals have in common.

A new channel of single messages is one function and one entry. 群发 is not among them: it carries thousands
with one call (`masses`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from app.messaging.enums import Channel, Reason
from app.messaging.notices import DueMessage, Prepared
from app.messaging.rules import Refusal
from app.sms.codes import UNKNOWN_SENTENCE
from app.sms.codes import Reaction as SmsReaction
from app.sms.gateway import SmsGateway, SmsNotReached, SmsRefused, SmsUnanswered
from app.wechat.errcodes import UNKNOWN_IN_A_ROW, RecipientFact
from app.wechat.gateway import (
    OfficialSubscribeMessage,
    SubscribeMessage,
    TemplateMessage,
    WeChatGateway,
    WeChatNotReached,
    WeChatRefused,
    WeChatUnanswered,
)

# Sends one message whose intent is committed, and returns the name under which a receipt will speak of it.
Carrier = Callable[[DueMessage, Prepared], Awaitable[str | None]]

REFUSED = (WeChatRefused, SmsRefused)
NOT_REACHED = (WeChatNotReached, SmsNotReached)
UNANSWERED = (WeChatUnanswered, SmsUnanswered)


@dataclass(frozen=True, slots=True, kw_only=True)
class No:
    """Somebody refused a message, in words that are the same for all carriers.

    Args:
        refusal: what it means for this message.
        code: the carrier's own word or number.
        errcode: WeChat's number; None when somebody else refused.
        sentence: the reason in words that a clerk understands.
        known: False when nobody has described the code.
        stop_campaign_after: this many in a row stop the campaign.
        unfollowed: the recipient does not follow the service account.
        request: the carrier's number of the request, for its support desk.
    """

    refusal: Refusal
    code: str
    errcode: int | None
    sentence: str
    known: bool
    stop_campaign_after: int | None
    unfollowed: bool = False
    request: str | None = None

    def stopping(self) -> Refusal:
        """Return the refusal as one that stops the campaign, whatever its code means for one recipient."""
        return replace(self.refusal, reaction="stop_campaign")


def no_of(refused: WeChatRefused | SmsRefused) -> No:
    """Return what a refusal means, whoever refused."""
    return _by_wechat(refused) if isinstance(refused, WeChatRefused) else _by_sms(refused)


def _by_wechat(refused: WeChatRefused) -> No:
    rule = refused.rule
    return No(
        refusal=Refusal(
            errcode=refused.errcode,
            reaction=refused.reaction.value,
            wait_seconds=rule.wait_seconds,
            retries=rule.retries,
            afterwards=rule.afterwards.value,
        ),
        code=str(refused.errcode),
        errcode=refused.errcode,
        sentence=refused.sentence,
        known=rule.known,
        stop_campaign_after=rule.stop_campaign_after,
        unfollowed=rule.fact is RecipientFact.UNFOLLOWED,
        request=refused.rid,
    )


def _by_sms(refused: SmsRefused) -> No:
    known = refused.sentence != UNKNOWN_SENTENCE
    gives_up = refused.reaction is SmsReaction.GIVE_UP_RECIPIENT
    return No(
        refusal=Refusal(
            # No number of WeChat's.
            errcode=0,
            reaction=refused.reaction.value,
            wait_seconds=refused.wait_seconds,
            retries=refused.retries,
            reason=Reason.REFUSED_BY_SMS,
        ),
        code=refused.code,
        errcode=None,
        sentence=refused.sentence,
        known=known,
        stop_campaign_after=None if known or not gives_up else UNKNOWN_IN_A_ROW,
    )


def carriers(*, wechat: WeChatGateway, sms: SmsGateway | None = None) -> dict[Channel, Carrier]:
    """Return who carries what; messages of a channel that is missing here are never claimed.

    Args:
        wechat: both of our accounts.
        sms: a provider of short messages, None when they are switched off.
    """
    found: dict[Channel, Carrier] = {
        channel: partial(carry, wechat) for channel, carry in _OVER_WECHAT.items()
    }
    found[Channel.CALL_TASK] = _stand_in_list
    if sms is not None:
        found[Channel.SMS] = partial(_short_message, sms)
    return found


async def _mini_subscribe(wechat: WeChatGateway, message: DueMessage, text: Prepared) -> str | None:
    receipt = await wechat.send_subscribe(
        SubscribeMessage(
            openid=message.openid, template_id=message.template_id, fields=text.fields, page=text.page
        )
    )
    return receipt.msgid


async def _official_template(wechat: WeChatGateway, message: DueMessage, text: Prepared) -> str | None:
    receipt = await wechat.send_template(
        TemplateMessage(
            openid=message.openid,
            template_id=message.template_id,
            fields=text.fields,
            url=None,
            mini_page=text.page,
            # The row's id never changes, so a repeated try carries the same key.
            client_msg_id=_own_name(message),
        )
    )
    return receipt.msgid


async def _official_subscribe(wechat: WeChatGateway, message: DueMessage, text: Prepared) -> str | None:
    await wechat.send_official_subscribe(
        OfficialSubscribeMessage(
            openid=message.openid,
            template_id=message.template_id,
            fields=text.fields,
            mini_page=text.page,
        )
    )
    # Only the event that tells the end knows WeChat's number (`take_receipt`).
    return None


async def _customer_service(wechat: WeChatGateway, message: DueMessage, text: Prepared) -> str | None:
    await wechat.send_text(openid=message.openid, content=text.text)
    return None


_OVER_WECHAT: Mapping[Channel, Callable[[WeChatGateway, DueMessage, Prepared], Awaitable[str | None]]] = {
    Channel.MINI_SUBSCRIBE: _mini_subscribe,
    Channel.OFFICIAL_TEMPLATE: _official_template,
    Channel.OFFICIAL_SUBSCRIBE: _official_subscribe,
    Channel.CUSTOMER_SERVICE: _customer_service,
}


async def _stand_in_list(_: DueMessage, __: Prepared) -> str | None:
    """Do nothing: a call task is sent once its row says so, the cadre's list is read from the rows."""
    return None


async def _short_message(sms: SmsGateway, message: DueMessage, text: Prepared) -> str | None:
    if text.phone is None:
        raise SmsRefused(code="no-phone", sentence="没有登记手机号", reaction=SmsReaction.GIVE_UP_RECIPIENT)
    await sms.send(
        phone=text.phone,
        template_id=message.template_id,
        params=text.fields,
        out_id=_own_name(message),
    )
    # A delivery report names our own number, which came with the message.
    return None


def _own_name(message: DueMessage) -> str:
    return f"lx{message.id}"
