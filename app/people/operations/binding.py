"""Binding people to WeChat: cadres by the phone number in the roster, guardians by a code on a card."""

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.audit.enums import ActorKind
from app.core.crypto import hash_token
from app.core.errors import Conflict
from app.people.enums import CadreStatus
from app.people.models import BindingCode, Cadre, Guardian
from app.people.operations.consenting import grant_policy_notices, record_of_guardian
from app.people.operations.registering import OutsideRegion, let_phones_go
from app.people.queries import guardian_in, phone_index

log = structlog.get_logger()

# WeChat's own limit for a temporary QR code: 2,592,000 seconds.
BINDING_CODE_LIFE = timedelta(days=30)
_BASE62 = string.ascii_letters + string.digits
# 22 characters of 62 are 131 bits.
_CODE_LENGTH = 22


class PhoneNotInRoster(Conflict):
    code = "people.phone_not_in_roster"
    title = "您的手机号不在帮扶干部名单中，请联系本单位管理员把您的手机号加入帮扶干部名单"


class BindingCodeRefused(Conflict):
    code = "people.binding_code_refused"
    title = "这张绑定码无效、已用过或已过期，请联系县残联重新领取"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A binding code, shown this once, and until when it may be scanned."""

    code: str = field(repr=False)
    expires_at: datetime


async def bind_cadre_by_phone(*, identity_id: int, phone: str, now: datetime) -> Cadre:
    """Bind a signed-in phone to the active cadre who has its number in the roster.

    The phone that he used before is let go and its sessions end.

    Args:
        identity_id: the phone, as the mini program knows it.
        phone: 11 digits that WeChat vouches for, never what somebody typed.
        now: when.

    Raises:
        PhoneNotInRoster: no cadre at his post has this number.
    """
    async with in_transaction():
        # The lock makes two phones with one number bind one after the other.
        cadre = await Cadre.select_for_update().get_or_none(
            phone_index=phone_index(phone), status=CadreStatus.ACTIVE
        )
        if cadre is None:
            raise PhoneNotInRoster
        let_go = await let_phones_go(cadre_id=cadre.id, keep=identity_id)
        await WeChatIdentity.filter(id=identity_id).update(cadre_id=cadre.id, guardian_id=None)
        await audit.record(
            actor=audit.Actor(kind=ActorKind.CADRE, id=cadre.id), action="cadre.bound", object_kind="cadre",
            object_id=cadre.id, now=now, region_code=cadre.org_code,
            detail=f"identity:{identity_id} let_go:{let_go}",
        )  # fmt: skip
    log.info("people.cadre.bound", cadre_id=cadre.id, identity_id=identity_id, let_go=let_go)
    return cadre


async def bind_guardian_by_phone(*, identity_id: int, phone: str, now: datetime) -> Guardian:
    """Bind a signed-in phone to the one guardian who has its number.

    Args:
        identity_id: the phone, as the mini program knows it.
        phone: 11 digits that WeChat vouches for.
        now: when.

    Raises:
        PhoneNotInRoster: no guardian has this number, or several have it and we cannot tell which he is.
    """
    async with in_transaction():
        found = await Guardian.select_for_update().filter(phone_index=phone_index(phone)).limit(2)
        if len(found) != 1:
            raise PhoneNotInRoster
        guardian = found[0]
        let_go = await let_phones_go(guardian_id=guardian.id, keep=identity_id)
        await WeChatIdentity.filter(id=identity_id).update(guardian_id=guardian.id, cadre_id=None)
        await link_person(await WeChatIdentity.get(id=identity_id))
        await record_of_guardian(
            guardian, action="guardian.bound", now=now, detail=f"identity:{identity_id} let_go:{let_go}"
        )
    log.info("people.guardian.bound", guardian_id=guardian.id, identity_id=identity_id, let_go=let_go)
    return guardian


async def issue_binding_code(
    *, scope: Scope, guardian_id: int, actor: audit.Actor, now: datetime
) -> IssuedCode:
    """Make a one-time code for a guardian's card; earlier cards that nobody scanned stop working.

    The code is random, names nobody and is stored as a hash.

    Raises:
        GuardianNotFound: the guardian is of another region.
        OutsideRegion: the caller may see him, but not act there.
    """
    code = "".join(secrets.choice(_BASE62) for _ in range(_CODE_LENGTH))
    expires_at = now + BINDING_CODE_LIFE
    async with in_transaction():
        guardian = await guardian_in(scope=scope, guardian_id=guardian_id)
        if not scope.may_act_in(guardian.region_code):
            raise OutsideRegion
        # Locked before any code of his, here and when one is scanned, so that neither waits for the other.
        await Guardian.select_for_update().get(id=guardian.id)
        await BindingCode.filter(guardian_id=guardian.id, used_at=None, expires_at__gt=now).update(
            expires_at=now
        )
        issued = await BindingCode.create(
            code_hash=hash_token(code),
            guardian_id=guardian.id,
            created_by=actor.id or 0,
            created_at=now,
            expires_at=expires_at,
        )
        await audit.record(
            actor=actor, action="binding_code.issued", object_kind="guardian", object_id=guardian.id,
            now=now, region_code=guardian.region_code, detail=f"code:{issued.id}",
        )  # fmt: skip
    return IssuedCode(code=code, expires_at=expires_at)


async def bind_guardian_by_code(*, code: str, openid: str, evidence: str, now: datetime) -> Guardian:
    """Bind the follower who scanned a card to its guardian, and write down the consent that scanning is.

    Scanning again with the same WeChat changes nothing and answers the same.

    Args:
        code: the scene of the QR code.
        openid: the follower, as the service account knows him.
        evidence: id of the push that told of the scan.
        now: when he scanned.

    Raises:
        BindingCodeRefused: unknown, used by somebody else, or expired; the answer does not tell which.
    """
    async with in_transaction():
        known = await BindingCode.get_or_none(code_hash=hash_token(code.strip()))
        if known is None:
            raise BindingCodeRefused
        guardian = await Guardian.select_for_update().get(id=known.guardian_id)
        used_now = await BindingCode.filter(id=known.id, used_at=None, expires_at__gt=now).update(used_at=now)
        identity, _ = await WeChatIdentity.get_or_create(
            app=WeChatApp.OFFICIAL, openid=openid, defaults={"created_at": now}
        )
        before = identity.guardian_id
        if not used_now:
            if identity.guardian_id != guardian.id:
                raise BindingCodeRefused
            await WeChatIdentity.filter(id=identity.id, follows=False).update(follows=True)
            return guardian
        await bind_follower(identity, guardian)
        await grant_policy_notices(guardian, evidence=evidence, now=now)
        await record_of_guardian(
            guardian,
            action="guardian.bound",
            now=now,
            detail=f"code:{known.id} identity:{identity.id} before:{before or 0}",
        )
    log.info("people.guardian.bound", guardian_id=guardian.id, identity_id=identity.id)
    return guardian


async def bind_follower(identity: WeChatIdentity, guardian: Guardian) -> None:
    """Make this follower the guardian's only one, in the transaction of the caller.

    A card or a code is handed over in person, so the last one counts.
    """
    await (
        WeChatIdentity.filter(app=WeChatApp.OFFICIAL, guardian_id=guardian.id)
        .exclude(id=identity.id)
        .update(guardian_id=None)
    )
    await WeChatIdentity.filter(id=identity.id).update(guardian_id=guardian.id, follows=True)
    identity.update_from_dict({"guardian_id": guardian.id, "follows": True})
    await link_person(identity)


async def link_person(identity: WeChatIdentity) -> int:
    """Give a bound person's other account the same guardian, in the transaction of the caller.

    WeChat tells by the unionid that a follower of the service account and a user of the mini program are one
    person. An account that belongs to somebody already is left alone, and a consent is never taken over.

    Returns:
        How many accounts were linked.
    """
    if identity.unionid is None or identity.guardian_id is None:
        return 0
    app = WeChatApp.MINI if identity.app is WeChatApp.OFFICIAL else WeChatApp.OFFICIAL
    if await WeChatIdentity.filter(app=app, guardian_id=identity.guardian_id).exists():
        return 0
    return await WeChatIdentity.filter(
        app=app, unionid=identity.unionid, guardian_id=None, cadre_id=None
    ).update(guardian_id=identity.guardian_id)
