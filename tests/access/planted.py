"""One family of 历下区 with all that can be known about it, in words that stand nowhere else."""

from dataclasses import dataclass

import httpx

from app.accounts.enums import StaffRole
from app.orgs.operations import plant_tree
from app.people.models import Cadre
from app.rosters.enums import RosterKind, RosterState
from app.rosters.models import RosterImport
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG, phone_headers, staff_headers
from tests.campaigns.factories import make_campaign
from tests.conftest import NOW
from tests.contacts.factories import Phone, make_tap
from tests.messaging.factories import make_call, make_message
from tests.needs.factories import make_inquiry, make_need, make_opinion
from tests.pairing.factories import make_pairing, make_proposal, planned
from tests.people.cast import id_number
from tests.people.factories import make_beneficiary, make_cadre, make_guardian
from tests.policies.factories import make_entitlement, make_policy

# Two characters that no sentence of the product contains. The first stands in what is said of people and of a
# county's own work, the second in what its city and province may read too.
CANARY, READ_ABOVE = "龘", "靐"
ID_NUMBER = id_number("19580312", 424)
# What nobody reads who does not ask for it with a reason.
SEALED = (ID_NUMBER, "13805319871", "13905319872", "13705319873", "泉城路九八七六号")

_PLACES = {"own": LIXIA, "next": SHIZHONG, "city": JINAN, "province": SHANDONG}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who knocks.

    Args:
        name: as the table calls him.
        headers: how he is known.
        is_near: he acts in the county of the planted family, or is of it, or accompanies it.
        is_above: he is of its city or province.
    """

    name: str
    headers: dict[str, str]
    is_near: bool = False
    is_above: bool = False

    @property
    def never_told(self) -> tuple[str, ...]:
        """Return the words that no answer to him may carry, unless he asks for one with a reason."""
        if self.is_near:
            return SEALED
        return (CANARY, *SEALED) if self.is_above else (CANARY, READ_ABOVE, *SEALED)


async def plant(client: httpx.AsyncClient) -> tuple[dict[str, int], list[Caller]]:
    """Plant the family and return the ids of all that belongs to it, and who knocks, strangers first."""
    await plant_tree()
    cadre = await make_cadre(name=f"孙{CANARY}国", unit=f"{CANARY}办公室", phone=SEALED[2])
    beneficiary = await make_beneficiary(
        name=f"{CANARY}桂{CANARY}", id_number=ID_NUMBER, phone=SEALED[1], address=SEALED[4],
        town=f"{CANARY}街道",
    )  # fmt: skip
    pairing = await make_pairing(beneficiary=beneficiary, cadre=cadre)
    guardian = await make_guardian(beneficiary=beneficiary, name=f"{CANARY}海{CANARY}", phone=SEALED[3])
    phone = await Phone.of(client, pairing)
    contact = await phone.record(make_tap(pairing, note=f"{CANARY}身体好"))
    campaign = await make_campaign(title=f"{READ_ABOVE}年审")
    roster = await RosterImport.create(
        kind=RosterKind.CADRES, org_code=LIXIA, filename=f"{CANARY}.xlsx", state=RosterState.CHECKED,
        uploaded_by=1, uploaded_at=NOW,
    )  # fmt: skip
    policy = await make_policy(org_code=LIXIA, policy_key="care_sub", state="draft", name=f"{CANARY}补贴")
    successor = await make_cadre(name=f"钱{CANARY}")
    ids = {
        "beneficiary_id": beneficiary.id,
        "cadre_id": successor.id,
        "guardian_id": guardian.id,
        "pairing_id": pairing.id,
        "contact_id": int(contact.json()["id"]),
        "proposal_id": (await make_proposal(pairing)).id,
        "handover_id": await _handover(cadre),
        "campaign_id": campaign.id,
        "message_id": (await make_message(campaign_id=campaign.id, recipient_id=guardian.id)).id,
        "call_id": (await make_call(guardian.id, campaign_id=campaign.id)).id,
        "import_id": roster.id,
        "need_id": (await make_need(pairing, text=f"{CANARY}做饭不便")).id,
        "inquiry_id": (await make_inquiry(guardian, text=f"{CANARY}何时发")).id,
        "opinion_id": (await make_opinion(guardian, f"{READ_ABOVE}多来看看")).id,
        "policy_id": policy.id,
        "entitlement_id": (
            await make_entitlement(beneficiary_id=beneficiary.id, policy=await make_policy())
        ).id,
    }
    return ids, await _callers(client, cadre_id=cadre.id, guardian_id=guardian.id)


async def _handover(successor: Cadre) -> int:
    passed_on = await make_pairing(
        beneficiary=await make_beneficiary(name=f"{CANARY}山"), cadre=await make_cadre(name=f"李{CANARY}")
    )
    handover_id: int = (await planned(passed_on, successor)).id
    return handover_id


async def _callers(client: httpx.AsyncClient, *, cadre_id: int, guardian_id: int) -> list[Caller]:
    stranger = await make_cadre(org_code=SHIZHONG)
    elsewhere = await make_pairing(
        cadre=stranger, beneficiary=await make_beneficiary(region_code=SHIZHONG, name="周大海")
    )
    relative = await make_guardian(beneficiary=await elsewhere.beneficiary, region_code=SHIZHONG)
    staff = [
        Caller(
            f"{role.value}@{place}",
            await staff_headers(client, role=role, org_code=org_code),
            is_near=place == "own",
            is_above=place in {"city", "province"},
        )
        for place, org_code in _PLACES.items()
        for role in (StaffRole.AUDITOR, StaffRole.CLERK, StaffRole.ADMIN)
    ]
    phones = [
        Caller("unbound", await phone_headers()),
        Caller("guardian@next", await phone_headers(guardian_id=relative.id)),
        Caller("cadre@next", await phone_headers(cadre_id=stranger.id)),
        Caller("guardian@own", await phone_headers(guardian_id=guardian_id), is_near=True),
        Caller("cadre@own", await phone_headers(cadre_id=cadre_id), is_near=True),
    ]
    nobody = Caller("nobody", {})
    everybody = [nobody, *phones, *staff]
    return [one for one in everybody if not one.is_near] + [one for one in everybody if one.is_near]
