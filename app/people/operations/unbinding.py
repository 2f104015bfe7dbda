"""Cutting the binding of a guardian to WeChat, from his side, from ours, or because WeChat says so."""

from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import MiniSession, WeChatIdentity
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.audit.enums import ActorKind
from app.people.enums import ConsentChannel
from app.people.models import BindingCode, BindingPin, Consent, Guardian
from app.people.operations.registering import OutsideRegion, let_phones_go
from app.people.queries import guardian_in, guardian_of_openid

log = structlog.get_logger()

# What was agreed to over WeChat ends with the binding; a paper signed for short messages stays.
_OVER_WECHAT = (ConsentChannel.OFFICIAL_TEMPLATE, ConsentChannel.MASS_SEND)


async def unbind_by_follower(*, openid: str, evidence: str, now: datetime) -> Guardian | None:
    """Cut the binding of a follower who says 解绑, in both of our accounts.

    Returns the guardian he was, or None when nobody is bound to this follower.

    Args:
        openid: the follower, as the service account knows him.
        evidence: id of the push in which he said so.
        now: when he said so.
    """
    async with in_transaction():
        guardian = await guardian_of_openid(openid=openid)
        if guardian is None:
            return None
        actor = audit.Actor(kind=ActorKind.GUARDIAN, id=guardian.id)
        await _cut(guardian, actor=actor, evidence=evidence, now=now)
    return guardian


async def unbind_guardian(*, scope: Scope, guardian_id: int, actor: audit.Actor, now: datetime) -> None:
    """Cut the binding of a guardian: he changed, lost his phone, or the wrong one was bound.

    Cut already, nothing changes.

    Args:
        scope: staff who may act in his region.
        guardian_id: whose.
        actor: who does it.
        now: when.

    Raises:
        GuardianNotFound: the guardian is of another region.
        OutsideRegion: the caller may see him, but not act there.
    """
    async with in_transaction():
        guardian = await guardian_in(scope=scope, guardian_id=guardian_id)
        if not scope.may_act_in(guardian.region_code):
            raise OutsideRegion
        await _cut(guardian, actor=actor, evidence=_said_by(actor), now=now)


async def unbind_own_guardian(*, guardian_id: int, actor: audit.Actor, now: datetime) -> None:
    """Cut the binding of a guardian of a family that the cadre accompanies, which the caller has checked."""
    async with in_transaction():
        guardian = await Guardian.get(id=guardian_id)
        await _cut(guardian, actor=actor, evidence=_said_by(actor), now=now)


async def forget_mini_user(*, openid: str, evidence: str, is_gone: bool, now: datetime) -> bool:
    """Unbind a user of the mini program who took back that we may use his number, or deleted his account.

    WeChat tells it (user_authorization_revoke, user_authorization_cancellation); PIPL 47 asks for the rest.
    Consents that rest on WeChat are withdrawn with the account; the register of families stays, it does not
    come from WeChat.

    Args:
        openid: as the mini program knows him.
        evidence: id of the push.
        is_gone: he deleted his WeChat account, so that both of our accounts have lost him.
        now: when.

    Returns:
        Whether we knew him.
    """
    async with in_transaction():
        identity = await WeChatIdentity.select_for_update().get_or_none(app=WeChatApp.MINI, openid=openid)
        if identity is None:
            return False
        guardian = await Guardian.get_or_none(id=identity.guardian_id) if identity.guardian_id else None
        if guardian is not None and is_gone:
            actor = audit.Actor(kind=ActorKind.GUARDIAN, id=guardian.id)
            await _cut(guardian, actor=actor, evidence=evidence, now=now)
        await MiniSession.filter(identity_id=identity.id).delete()
        change = {"cadre_id": None, "guardian_id": None} | ({"unionid": None} if is_gone else {})
        await WeChatIdentity.filter(id=identity.id).update(**change)
        await audit.record(
            actor=audit.SYSTEM, action="wechat.gone" if is_gone else "wechat.revoked",
            object_kind="wechat_identity", object_id=identity.id, now=now, detail=evidence,
        )  # fmt: skip
    return True


async def _cut(guardian: Guardian, *, actor: audit.Actor, evidence: str, now: datetime) -> None:
    await Guardian.select_for_update().get(id=guardian.id)
    gone = await let_phones_go(guardian_id=guardian.id)
    gone += await WeChatIdentity.filter(app=WeChatApp.OFFICIAL, guardian_id=guardian.id).update(
        guardian_id=None
    )
    # A card or a code in the wrong hands must not bind again.
    await BindingPin.filter(guardian_id=guardian.id).delete()
    await BindingCode.filter(guardian_id=guardian.id, used_at=None, expires_at__gt=now).update(expires_at=now)
    withdrawn = await Consent.filter(
        guardian_id=guardian.id, channel__in=_OVER_WECHAT, withdrawn_at=None
    ).update(withdrawn_at=now, withdrawal_evidence=evidence)
    if gone or withdrawn:
        await audit.record(
            actor=actor, action="guardian.unbound", object_kind="guardian", object_id=guardian.id, now=now,
            region_code=guardian.region_code, detail=evidence,
        )  # fmt: skip
        log.info("people.guardian.unbound", guardian_id=guardian.id, identities=gone)


def _said_by(actor: audit.Actor) -> str:
    return f"{actor.kind.value}:{actor.id or 0}"
