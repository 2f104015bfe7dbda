"""What to mind with a family (官方方案 四(四): 尊重少数民族风俗习惯), kept by cadres, clerks."""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core.clock import china_date
from app.pairing.models import PairingCare
from app.pairing.queries import own_pairing_on
from app.people.models import Beneficiary
from app.people.queries import BeneficiaryNotFound


async def set_own_care(
    *, scope: Scope, pairing_id: int, customs: str, cautions: str, actor: audit.Actor, now: datetime
) -> PairingCare:
    """Keep what to mind with a family that a cadre accompanies today, in the place of what was known.

    Args:
        scope: the cadre.
        pairing_id: his pairing.
        customs: customs and taboos; empty for none.
        cautions: what to mind and what not to do; empty for nothing.
        actor: as the audit trail names him.
        now: when.

    Raises:
        PairingNotFound, PairingNotInForce: it is not his, or not today.
    """
    async with in_transaction():
        pairing = await own_pairing_on(scope=scope, pairing_id=pairing_id, on=china_date(now))
        found = Beneficiary.filter(id=pairing.beneficiary_id)
        await found.only("id").select_for_update()
        return await _keep(
            pairing.beneficiary_id, pairing.region_code, (customs, cautions), actor=actor, now=now
        )


async def set_care(
    *, scope: Scope, beneficiary_id: int, customs: str, cautions: str, actor: audit.Actor, now: datetime
) -> PairingCare:
    """Keep what to mind with a family of the caller's county, in the place of what was known.

    Raises:
        BeneficiaryNotFound: it is of a region in which the caller may not act.
    """
    async with in_transaction():
        found = Beneficiary.filter(in_regions("region_code", scope.act), id=beneficiary_id)
        person = await found.only("id", "region_code").select_for_update().get_or_none()
        if person is None:
            raise BeneficiaryNotFound
        return await _keep(beneficiary_id, person.region_code, (customs, cautions), actor=actor, now=now)


async def _keep(
    beneficiary_id: int, region_code: str, words: tuple[str, str], *, actor: audit.Actor, now: datetime
) -> PairingCare:
    known = await PairingCare.get_or_none(beneficiary_id=beneficiary_id)
    care = known or PairingCare(beneficiary_id=beneficiary_id)
    care.update_from_dict({"customs": words[0] or None, "cautions": words[1] or None, "updated_at": now})
    await care.save()
    await audit.record(
        actor=actor, action="pairing.care_set", object_kind="beneficiary", object_id=beneficiary_id, now=now,
        region_code=region_code,
    )  # fmt: skip
    return care
