"""What is known beside the rosters: where cadres work and live, what families wish for, who must not meet."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope, region_prefix
from app.audit import operations as audit
from app.core.errors import Conflict, Invalid
from app.pairing.enums import BarReason
from app.pairing.models import CadreTerms, PairingBar, PairingWish
from app.pairing.rules.participation import LONGEST_EXCUSE, SHORTEST_EXCUSE
from app.people.enums import CadreStatus, Sex
from app.people.models import Beneficiary, Cadre
from app.people.queries import BeneficiaryNotFound, CadreNotFound

_INSERTED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a cadre takes part; None and empty are what nobody said.

    Args:
        work_county: division code of where he works.
        work_town: its town.
        home_county: division code of where he lives.
        home_town: its town.
        sex: families may wish for one.
        languages: beside Mandarin.
        capacity: with how many families at most.
        takes_part: against what his rank says.
        excuse: why not, where he does not.
        leads_unit: he is of the leading body of a unit (领导班子成员).
    """

    work_county: str
    work_town: str
    home_county: str
    home_town: str
    sex: Sex | None
    languages: tuple[str, ...]
    capacity: int | None
    takes_part: bool | None
    excuse: str = ""
    leads_unit: bool | None = None


class ExcuseMissing(Invalid):
    code = "pairing.excuse_missing"
    title = f"登记为不参加时请写明原因，{SHORTEST_EXCUSE}至{LONGEST_EXCUSE}个字"


class CadreGone(Conflict):
    code = "pairing.cadre_gone"
    title = "该干部已调离，不再参加；请先核实在岗状态"


async def set_cadre_terms(
    *, scope: Scope, cadre_id: int, terms: Terms, actor: audit.Actor, now: datetime
) -> None:
    """Keep how a cadre of the caller's own federation takes part, in the place of what was known.

    Raises:
        CadreNotFound: he is of another federation.
        ExcuseMissing: he is not to take part, and nobody has said why.
    """
    async with in_transaction():
        cadre = await _locked_cadre(cadre_id, scope=scope)
        known = await CadreTerms.get_or_none(cadre_id=cadre_id) or CadreTerms(cadre_id=cadre_id)
        excuse = terms.excuse or known.excuse if terms.takes_part is False else ""
        if terms.takes_part is False:
            excuse = checked_excuse(excuse)
        known.work_county, known.work_town = terms.work_county, terms.work_town
        known.home_county, known.home_town = terms.home_county, terms.home_town
        known.languages = json.dumps(sorted(terms.languages), ensure_ascii=False)
        await known.update_from_dict(
            {
                "sex": terms.sex,
                "capacity": terms.capacity,
                "takes_part": terms.takes_part,
                "excuse": excuse,
                "leads_unit": terms.leads_unit,
                "updated_at": now,
            }
        ).save()
        await audit.record(
            actor=actor, action="cadre.terms_set", object_kind="cadre", object_id=cadre_id, now=now,
            region_code=cadre.org_code, detail=f"capacity={terms.capacity} takes_part={terms.takes_part}",
        )  # fmt: skip


def checked_excuse(text: str) -> str:
    """Return why a cadre does not take part; raises ExcuseMissing where nothing is said."""
    excuse = " ".join(text.split())
    if not SHORTEST_EXCUSE <= len(excuse) <= LONGEST_EXCUSE:
        raise ExcuseMissing
    return excuse


async def set_participation(
    *,
    scope: Scope,
    cadre_id: int,
    takes_part: bool | None,
    reason: str,
    actor: audit.Actor,
    now: datetime,
) -> None:
    """Keep whether a cadre of the caller's own federation takes part; None leaves it to his rank again.

    What he has goes on either way: families are handed over, not dropped.

    Args:
        scope: who asks.
        cadre_id: which cadre; a retired one who is to go on too (官方方案 四(三)).
        takes_part: whether he does.
        reason: why he does not.
        actor: as the audit trail names him.
        now: when.

    Raises:
        CadreNotFound: he is of another federation.
        CadreGone: he left.
        ExcuseMissing: he is not to take part, and nobody says why.
    """
    async with in_transaction():
        cadre = await _locked_cadre(cadre_id, scope=scope)
        if cadre.status is CadreStatus.LEFT:
            raise CadreGone
        known = await CadreTerms.get_or_none(cadre_id=cadre_id) or CadreTerms(cadre_id=cadre_id)
        excuse = checked_excuse(reason) if takes_part is False else ""
        changes = {"takes_part": takes_part, "excuse": excuse, "updated_at": now}
        await known.update_from_dict(changes).save()
        await audit.record(
            actor=actor, action="cadre.participation_set", object_kind="cadre", object_id=cadre_id, now=now,
            region_code=cadre.org_code, detail=f"takes_part={takes_part}",
        )  # fmt: skip


async def set_terms_of_many(*, terms: Mapping[int, Terms], now: datetime) -> None:
    """Keep how many cadres take part, in the transaction of a caller who has locked and recorded them.

    No scope: whoever calls has found the cadres within one.
    """
    if not terms:
        return
    await CadreTerms.filter(cadre_id__in=list(terms)).delete()
    rows = [
        CadreTerms(
            cadre_id=cadre_id,
            updated_at=now,
            **asdict(one) | {"languages": json.dumps(sorted(one.languages), ensure_ascii=False)},
        )
        for cadre_id, one in sorted(terms.items())
    ]
    await CadreTerms.bulk_create(rows, batch_size=_INSERTED_AT_ONCE)


async def _locked_cadre(cadre_id: int, *, scope: Scope) -> Cadre:
    cadre = await Cadre.filter(in_regions("org_code", scope.act), id=cadre_id).select_for_update().first()
    if cadre is None:
        raise CadreNotFound
    return cadre


async def set_wish(
    *,
    scope: Scope,
    beneficiary_id: int,
    cadre_sex: Sex | None,
    language: str,
    actor: audit.Actor,
    now: datetime,
) -> None:
    """Keep whom a family of the caller's county wishes for, in the place of what it wished before.

    Raises:
        BeneficiaryNotFound: it is of another county.
    """
    async with in_transaction():
        region = await _locked_region(beneficiary_id, scope=scope)
        wish = await PairingWish.get_or_none(beneficiary_id=beneficiary_id)
        wish = wish or PairingWish(beneficiary_id=beneficiary_id)
        wish.language, wish.updated_at = language, now
        await wish.update_from_dict({"cadre_sex": cadre_sex}).save()
        await audit.record(
            actor=actor, action="beneficiary.wish_set", object_kind="beneficiary", object_id=beneficiary_id,
            now=now, region_code=region,
        )  # fmt: skip


async def bar_pair(
    *,
    scope: Scope,
    beneficiary_id: int,
    cadre_id: int,
    reason: BarReason | None,
    actor: audit.Actor,
    now: datetime,
) -> None:
    """Keep that a cadre and a person must not be paired, or that nothing stands against it any more.

    A pairing that exists goes on until a proposal is accepted or somebody ends it.

    Args:
        scope: whose people.
        beneficiary_id: the person.
        cadre_id: the cadre.
        reason: why; None takes it back.
        actor: as the audit trail names him.
        now: when.

    Raises:
        BeneficiaryNotFound: the person is of another county.
        CadreNotFound: the cadre is neither of that county nor of a federation above it.
    """
    async with in_transaction():
        region = await _locked_region(beneficiary_id, scope=scope)
        orgs = await Cadre.filter(id=cadre_id).values_list("org_code", flat=True)
        if not orgs or not region.startswith(region_prefix(str(orgs[0]))):
            raise CadreNotFound
        await PairingBar.filter(beneficiary_id=beneficiary_id, cadre_id=cadre_id).delete()
        if reason is not None:
            await PairingBar.create(
                beneficiary_id=beneficiary_id, cadre_id=cadre_id, reason=reason, created_at=now
            )
        await audit.record(
            actor=actor, action="pairing.barred" if reason else "pairing.unbarred", object_kind="beneficiary",
            object_id=beneficiary_id, now=now, region_code=region, detail=f"cadre={cadre_id}",
        )  # fmt: skip


async def _locked_region(beneficiary_id: int, *, scope: Scope) -> str:
    found = Beneficiary.filter(in_regions("region_code", scope.act), id=beneficiary_id)
    # The column alone: the whole person would unseal his numbers for nothing.
    person = await found.only("id", "region_code").select_for_update().get_or_none()
    if person is None:
        raise BeneficiaryNotFound
    return str(person.region_code)
