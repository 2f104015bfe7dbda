"""A family says what it needs, itself or through its cadre."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.core.errors import Conflict
from app.needs.enums import OPEN_NEEDS, NeedAct, NeedDomain, NeedState, Speaker
from app.needs.models import Need, NeedStep
from app.needs.rules import MOST_OPEN
from app.people.models import Beneficiary


class ClientIdReused(Conflict):
    code = "needs.client_id_reused"
    title = "这个编号已用于另一条诉求"


class TooManyOpen(Conflict):
    code = "needs.too_many_open"
    title = f"这一家已有{MOST_OPEN}条诉求在办理，请先处理或补充原有的诉求"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted.

    Args:
        client_id: chosen by the phone, once for each need.
        beneficiary_id: whose need it is; found within the speaker's own families.
        domain: what it is about.
        text: in the family's words, may be missing.
    """

    client_id: str
    beneficiary_id: int
    domain: NeedDomain
    text: str | None


@dataclass(frozen=True, slots=True)
class Raised:
    """What raising a need came to; `is_new` is False when the same one had arrived before."""

    need: Need
    is_new: bool


async def raise_need(*, speaker: Speaker, speaker_id: int, wish: Wish, now: datetime) -> Raised:
    """Write down what a family needs, once, however often the phone sends it.

    Args:
        speaker: guardian or cadre.
        speaker_id: who.
        wish: what; that the family is his own was checked when it was found.
        now: when.

    Raises:
        TooManyOpen: twenty needs of this person are open.
        ClientIdReused: the phone used this id for another need before.
    """
    try:
        return Raised(await _raise(speaker, speaker_id, wish, now=now), is_new=True)
    except IntegrityError:
        before = await Need.get(raised_by=speaker, raiser_id=speaker_id, client_id=wish.client_id)
    given = (before.beneficiary_id, before.domain, before.text)
    if given != (wish.beneficiary_id, wish.domain, wish.text):
        raise ClientIdReused
    return Raised(before, is_new=False)


async def _raise(speaker: Speaker, speaker_id: int, wish: Wish, *, now: datetime) -> Need:
    async with in_transaction():
        # Its row lock makes the count true: one family's needs are raised one after the other.
        family = await Beneficiary.select_for_update().get(id=wish.beneficiary_id)
        open_needs = Need.filter(beneficiary_id=family.id, state__in=list(OPEN_NEEDS))
        known = Need.filter(raised_by=speaker, raiser_id=speaker_id, client_id=wish.client_id)
        if await open_needs.count() >= MOST_OPEN and not await known.exists():
            raise TooManyOpen
        need = await Need.create(
            beneficiary_id=family.id,
            region_code=family.region_code,
            domain=wish.domain,
            state=NeedState.OPEN,
            text=wish.text,
            raised_by=speaker,
            raiser_id=speaker_id,
            client_id=wish.client_id,
            raised_at=now,
            last_step_at=now,
        )
        await NeedStep.create(
            need_id=need.id,
            act=NeedAct.RAISED,
            speaker=speaker,
            speaker_id=speaker_id,
            text=wish.text,
            at=now,
        )
    return need
