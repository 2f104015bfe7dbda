"""What the bot looks up to answer a family."""

from datetime import date

from tortoise.expressions import Q

from app.accounts.rules import Scope
from app.bot.replies import MOST_CADRES, FamilyCadre
from app.orgs.models import Org
from app.pairing.models import Pairing
from app.people.rules import mask_name


async def cadres_of_family(*, scope: Scope, today: date) -> list[FamilyCadre]:
    """Return who accompanies the beneficiaries of the guardian in ``scope`` today, oldest pairing first.

    At most as many as one reply lists; nobody but a guardian has a family.
    """
    if scope.guardian_id is None:
        return []
    rows = (
        await Pairing.filter(
            Q(ended_on=None) | Q(ended_on__gt=today),
            beneficiary__guardianships__guardian_id=scope.guardian_id,
            started_on__lte=today,
        )
        .order_by("started_on", "id")
        .limit(MOST_CADRES)
        .values("beneficiary__name", "cadre__name", "cadre__unit")
    )
    return [
        FamilyCadre(
            beneficiary=mask_name(row["beneficiary__name"]),
            cadre=row["cadre__name"],
            unit=row["cadre__unit"],
        )
        for row in rows
    ]


async def federation_name(*, region_code: str) -> str | None:
    """Return the name of the federation of a county, or None when it is not in the tree.

    No scope: the names of federations are public.
    """
    org = await Org.get_or_none(code=region_code)
    return org.name if org is not None else None
