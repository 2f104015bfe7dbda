"""Following, muting and coming back: what a guardian says to the service account about being written to."""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.audit import operations as audit
from app.audit.enums import ActorKind
from app.people.enums import ConsentChannel, ConsentPurpose
from app.people.models import Consent, Guardian
from app.people.notices import POLICY_NOTICE_VERSION
from app.people.queries import consent_in_force, guardian_of_openid


async def note_follow(*, openid: str, now: datetime) -> None:
    """Note that somebody follows the service account; told twice, it is noted once."""
    async with in_transaction():
        identity, _ = await WeChatIdentity.get_or_create(
            app=WeChatApp.OFFICIAL, openid=openid, defaults={"created_at": now}
        )
        if await WeChatIdentity.filter(id=identity.id, follows=False).update(follows=True):
            await _record_identity(identity, action="wechat.followed", now=now)


async def note_unfollow(*, openid: str, now: datetime) -> None:
    """Note that somebody follows the service account no more; whom he is bound to is kept for his return."""
    async with in_transaction():
        identity = await WeChatIdentity.get_or_none(app=WeChatApp.OFFICIAL, openid=openid)
        if identity is None:
            return
        if await WeChatIdentity.filter(id=identity.id, follows=True).update(follows=False):
            await _record_identity(identity, action="wechat.unfollowed", now=now)


async def _record_identity(identity: WeChatIdentity, *, action: str, now: datetime) -> None:
    await audit.record(
        actor=audit.Actor(kind=ActorKind.GUARDIAN, id=identity.guardian_id), action=action,
        object_kind="wechat_identity", object_id=identity.id, now=now,
    )  # fmt: skip


async def mute_guardian(*, openid: str, evidence: str, now: datetime) -> Guardian | None:
    """Stop every message to a guardian who says 停 or 退订, and withdraw his consents (PIPL 15).

    Returns the guardian, or None when nobody is bound to this follower. He may still write to us.

    Args:
        openid: the follower, as the service account knows him.
        evidence: id of the push in which he said so.
        now: when he said so.
    """
    async with in_transaction():
        guardian = await guardian_of_openid(openid=openid)
        if guardian is None:
            return None
        muted = await Guardian.filter(id=guardian.id, muted_at=None).update(muted_at=now)
        withdrawn = await Consent.filter(guardian_id=guardian.id, withdrawn_at=None).update(
            withdrawn_at=now, withdrawal_evidence=evidence
        )
        if muted or withdrawn:
            await record_of_guardian(guardian, action="guardian.muted", now=now, detail=evidence)
        await guardian.refresh_from_db()
    return guardian


async def unmute_guardian(*, openid: str, evidence: str, now: datetime) -> Guardian | None:
    """Begin again to write to a guardian who says 恢复; that is a new consent.

    Returns the guardian, or None when nobody is bound to this follower.

    Args:
        openid: the follower, as the service account knows him.
        evidence: id of the push in which he said so.
        now: when he said so.
    """
    async with in_transaction():
        guardian = await guardian_of_openid(openid=openid)
        if guardian is None:
            return None
        # Locked, so that the same word told twice at once makes one consent.
        guardian = await Guardian.select_for_update().get(id=guardian.id)
        consent = await consent_in_force(
            guardian_id=guardian.id,
            purpose=ConsentPurpose.POLICY_NOTICE,
            channel=ConsentChannel.OFFICIAL_TEMPLATE,
        )
        if guardian.muted_at is None and consent is not None:
            return guardian
        await grant_policy_notices(guardian, evidence=evidence, now=now)
        await record_of_guardian(guardian, action="guardian.unmuted", now=now, detail=evidence)
    return guardian


async def grant_policy_notices(guardian: Guardian, *, evidence: str, now: datetime) -> None:
    """Write down a consent to policy notices and lift a mute, in the transaction of the caller."""
    await Consent.create(
        guardian_id=guardian.id,
        purpose=ConsentPurpose.POLICY_NOTICE,
        channel=ConsentChannel.OFFICIAL_TEMPLATE,
        text_version=POLICY_NOTICE_VERSION,
        evidence=evidence,
        granted_at=now,
    )
    await Guardian.filter(id=guardian.id).update(muted_at=None)
    await guardian.refresh_from_db(fields=["muted_at"])


async def record_of_guardian(guardian: Guardian, *, action: str, now: datetime, detail: str) -> None:
    """Write into the trail what a guardian did himself, in the transaction of the caller."""
    await audit.record(
        actor=audit.Actor(kind=ActorKind.GUARDIAN, id=guardian.id), action=action, object_kind="guardian",
        object_id=guardian.id, now=now, region_code=guardian.region_code, detail=detail,
    )  # fmt: skip
