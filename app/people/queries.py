"""Reading the register, always within the regions in which the caller may find people."""

from collections.abc import Sequence

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.accounts.queries import in_regions
from app.accounts.rules import Scope, region_prefix
from app.core.crypto import keyring
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.people.enums import ConsentChannel, ConsentPurpose, GuardianReach
from app.people.models import Beneficiary, Cadre, Consent, Guardian, Guardianship
from app.people.rules import fold_typed, guardian_reach

_GUARDIANS_OF_ONE = 50
_CONSENTS_OF_ONE = 50


class BeneficiaryNotFound(NotFound):
    code = "people.beneficiary_not_found"
    title = "没有找到这位帮扶对象"


class CadreNotFound(NotFound):
    code = "people.cadre_not_found"
    title = "没有找到这位帮扶干部"


class GuardianNotFound(NotFound):
    code = "people.guardian_not_found"
    title = "没有找到这位监护人"


def id_number_index(id_number: str) -> str:
    """Return the blind index under which an ID number is kept; typing habits are forgiven.

    No scope: it reads nothing.
    """
    return keyring().blind_index(fold_typed(id_number).upper(), label="id_number")


def phone_index(phone: str) -> str:
    """Return the blind index under which a phone number is kept, given as `check_phone` returns it.

    No scope: it reads nothing.
    """
    return keyring().blind_index(phone, label="phone")


async def beneficiaries_in(
    *, scope: Scope, page: PageQuery, region: str | None = None
) -> tuple[list[Beneficiary], int | None]:
    """Return one page of beneficiaries, oldest entry first, and where the next page begins.

    Args:
        scope: who asks; only people of his regions.
        page: where to go on and how many.
        region: keep those at or below this division code.
    """
    found = Beneficiary.filter(in_regions("region_code", scope.find), id__gt=page.cursor)
    if region is not None:
        found = found.filter(in_regions("region_code", [region_prefix(region)]))
    return cut(await found.order_by("id").limit(page.limit + 1), page=page)


async def beneficiary_in(*, scope: Scope, beneficiary_id: int) -> Beneficiary:
    """Return one beneficiary; raises BeneficiaryNotFound for one of another region."""
    found = Beneficiary.filter(in_regions("region_code", scope.find))
    beneficiary = await found.get_or_none(id=beneficiary_id)
    if beneficiary is None:
        raise BeneficiaryNotFound
    return beneficiary


async def find_by_id_number(*, scope: Scope, id_number: str) -> Beneficiary | None:
    """Return the beneficiary with this ID number, or None when nobody in the caller's regions has it."""
    found = Beneficiary.filter(in_regions("region_code", scope.find))
    return await found.get_or_none(id_number_index=id_number_index(id_number))


async def cadres_in(
    *, scope: Scope, page: PageQuery, region: str | None = None
) -> tuple[list[Cadre], int | None]:
    """Return one page of the cadres of federations in the caller's regions, and where the next page begins.

    Args:
        scope: who asks; only cadres of his own federations.
        page: where to go on and how many.
        region: keep those of federations at or below this division code.
    """
    found = Cadre.filter(in_regions("org_code", scope.find), id__gt=page.cursor)
    if region is not None:
        found = found.filter(in_regions("org_code", [region_prefix(region)]))
    return cut(await found.order_by("id").limit(page.limit + 1), page=page)


async def cadre_in(*, scope: Scope, cadre_id: int) -> Cadre:
    """Return one cadre; raises CadreNotFound for one of another federation."""
    cadre = await Cadre.filter(in_regions("org_code", scope.find)).get_or_none(id=cadre_id)
    if cadre is None:
        raise CadreNotFound
    return cadre


async def guardians_of(*, scope: Scope, beneficiary_id: int) -> list[Guardianship]:
    """Return who looks after a beneficiary, each with `guardian` loaded, in the order they were entered.

    Raises:
        BeneficiaryNotFound: the beneficiary is of another region.
    """
    await beneficiary_in(scope=scope, beneficiary_id=beneficiary_id)
    return (
        await Guardianship.filter(beneficiary_id=beneficiary_id)
        .order_by("id")
        .limit(_GUARDIANS_OF_ONE)
        .prefetch_related("guardian")
    )


async def reach_of(*, guardians: Sequence[Guardian]) -> dict[int, GuardianReach]:
    """Return by id whether a policy notice can reach each of these guardians.

    No scope: the caller has found the guardians within his own.
    """
    ids = [guardian.id for guardian in guardians]
    agreed = await Consent.filter(
        guardian_id__in=ids,
        purpose=ConsentPurpose.POLICY_NOTICE,
        channel=ConsentChannel.OFFICIAL_TEMPLATE,
        withdrawn_at=None,
    ).values_list("guardian_id", flat=True)
    following = await WeChatIdentity.filter(
        guardian_id__in=ids, app=WeChatApp.OFFICIAL, follows=True
    ).values_list("guardian_id", flat=True)
    return {
        guardian.id: guardian_reach(
            is_muted=guardian.muted_at is not None,
            has_agreed=guardian.id in agreed,
            follows=guardian.id in following,
        )
        for guardian in guardians
    }


async def guardian_in(*, scope: Scope, guardian_id: int) -> Guardian:
    """Return one guardian; raises GuardianNotFound for one of another region."""
    guardian = await Guardian.filter(in_regions("region_code", scope.find)).get_or_none(id=guardian_id)
    if guardian is None:
        raise GuardianNotFound
    return guardian


async def guardian_of_openid(*, openid: str) -> Guardian | None:
    """Return the guardian to whom a follower of the service account is bound.

    No scope: WeChat told us who writes, and the answer goes to nobody else.
    """
    identity = await WeChatIdentity.get_or_none(app=WeChatApp.OFFICIAL, openid=openid)
    if identity is None or identity.guardian_id is None:
        return None
    return await Guardian.get_or_none(id=identity.guardian_id)


async def guardian_of_beneficiary(*, beneficiary_id: int, guardian_id: int) -> Guardian:
    """Return one guardian of a beneficiary.

    No scope: the caller has found the beneficiary within his own.

    Raises:
        GuardianNotFound: he does not look after this person.
    """
    guardian = await Guardian.get_or_none(id=guardian_id, guardianships__beneficiary_id=beneficiary_id)
    if guardian is None:
        raise GuardianNotFound
    return guardian


async def own_cadre(*, cadre_id: int) -> Cadre:
    """Return the cadre behind a signed-in phone.

    No scope: he asks about himself.
    """
    return await Cadre.get(id=cadre_id)


async def own_guardian(*, guardian_id: int) -> Guardian:
    """Return the guardian behind a signed-in phone.

    No scope: he asks about himself.
    """
    return await Guardian.get(id=guardian_id)


async def consents_of(*, scope: Scope, guardian_id: int) -> list[Consent]:
    """Return what a guardian agreed to and took back, latest first, at most fifty.

    Raises:
        GuardianNotFound: the guardian is of another region.
    """
    guardian = await guardian_in(scope=scope, guardian_id=guardian_id)
    return await Consent.filter(guardian_id=guardian.id).order_by("-id").limit(_CONSENTS_OF_ONE)


async def consent_in_force(
    *, guardian_id: int, purpose: ConsentPurpose | str, channel: ConsentChannel | str
) -> Consent | None:
    """Return the latest consent that was given for a purpose and a channel and not withdrawn.

    No scope: the sender asks about the one guardian to whom it is about to write.
    """
    return (
        await Consent.filter(
            guardian_id=guardian_id, purpose=str(purpose), channel=str(channel), withdrawn_at=None
        )
        .order_by("-id")
        .first()
    )
