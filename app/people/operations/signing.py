"""What a guardian agreed to on paper or on the telephone, written down and taken back by a clerk."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core.errors import Conflict, Invalid
from app.people.enums import ConsentChannel, ConsentPurpose
from app.people.models import Consent, Guardian
from app.people.notices import SIGNED_VERSION, signed_text
from app.people.operations.registering import OutsideRegion
from app.people.queries import consent_in_force, guardian_in


class NotSigned(Invalid):
    code = "people.consent_not_signed"
    title = "这一项不能由工作人员登记：政策通知请监护人扫绑定码，订阅通知由本人在微信里允许"


class GuardianMuted(Conflict):
    code = "people.guardian_muted"
    title = "监护人已退订，请他先在服务号里回复“恢复”"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a guardian agreed to.

    Args:
        purpose: to what.
        channel: by which way.
        evidence: how we know, e.g. where the signed sheet is.
    """

    purpose: ConsentPurpose
    channel: ConsentChannel
    evidence: str

    @property
    def name(self) -> str:
        """Return how the trail names it."""
        return f"{self.purpose.value}:{self.channel.value}"


async def record_consent(
    *,
    scope: Scope,
    guardian_id: int,
    agreement: Agreement,
    actor: audit.Actor,
    now: datetime,
) -> Consent:
    """Write down that a guardian agreed to short messages or to greetings (个人信息保护法 14 条: 明确同意).

    Written down twice, it stays as it is.

    Args:
        scope: who writes it down.
        guardian_id: who agreed.
        agreement: to what.
        actor: for the trail.
        now: when.

    Raises:
        GuardianNotFound, OutsideRegion: the guardian is of another region, or may only be seen.
        NotSigned: it is agreed to in another way.
        GuardianMuted: he said 停, and only he may take that back.
    """
    purpose, channel = agreement.purpose, agreement.channel
    if signed_text(purpose, channel) is None:
        raise NotSigned
    async with in_transaction():
        guardian = await _locked(scope, guardian_id)
        if guardian.muted_at is not None:
            raise GuardianMuted
        known = await consent_in_force(guardian_id=guardian.id, purpose=purpose, channel=channel)
        if known is not None:
            return known
        consent = await Consent.create(
            guardian_id=guardian.id,
            purpose=purpose,
            channel=channel,
            text_version=SIGNED_VERSION,
            evidence=agreement.evidence,
            granted_at=now,
        )
        await _record(guardian, actor, "consent.recorded", agreement.name, now=now)
    return consent


async def withdraw_consent(
    *,
    scope: Scope,
    guardian_id: int,
    agreement: Agreement,
    actor: audit.Actor,
    now: datetime,
) -> int:
    """Write down that a guardian takes a consent back, whatever it is; return how many that were (PIPL 15).

    Raises:
        GuardianNotFound, OutsideRegion: the guardian is of another region, or may only be seen.
    """
    async with in_transaction():
        guardian = await _locked(scope, guardian_id)
        withdrawn = await Consent.filter(
            guardian_id=guardian.id,
            purpose=agreement.purpose.value,
            channel=agreement.channel.value,
            withdrawn_at=None,
        ).update(withdrawn_at=now, withdrawal_evidence=agreement.evidence)
        if withdrawn:
            await _record(guardian, actor, "consent.withdrawn", agreement.name, now=now)
    return withdrawn


async def _locked(scope: Scope, guardian_id: int) -> Guardian:
    guardian = await guardian_in(scope=scope, guardian_id=guardian_id)
    if not scope.may_act_in(guardian.region_code):
        raise OutsideRegion
    return await Guardian.select_for_update().get(id=guardian.id)


async def _record(guardian: Guardian, actor: audit.Actor, action: str, detail: str, *, now: datetime) -> None:
    await audit.record(
        actor=actor,
        action=action,
        object_kind="guardian",
        object_id=guardian.id,
        now=now,
        region_code=guardian.region_code,
        detail=detail,
    )
