"""Every door of the console tried by nobody, by a phone, by an auditor and from the next county."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.accounts.enums import StaffRole
from app.core.bodies import RequestBody
from app.main import ADMIN_ROUTERS, MINI_ROUTERS
from app.rosters.enums import RosterKind, RosterState
from app.rosters.models import RosterImport
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG, phone_headers, staff_headers
from tests.architecture.test_routes import OPEN
from tests.campaigns.factories import make_campaign
from tests.conftest import NOW
from tests.messaging.factories import make_message
from tests.needs.factories import make_inquiry, make_need, make_opinion
from tests.pairing.factories import make_pairing, make_proposal, planned_handover
from tests.people.factories import make_cadre, make_guardian
from tests.policies.factories import make_entitlement, make_policy, policy_body

Door = tuple[str, str]

SIGNED: dict[str, object] = {"purpose": "policy_notice", "channel": "sms", "evidence": "同意书第12号"}
# What the doors to one row need besides its number in the address.
BODIES: dict[Door, dict[str, object]] = {
    ("POST", "/admin/v1/cadres/{cadre_id}/status"): {"status": "active"},
    ("POST", "/admin/v1/beneficiaries/{beneficiary_id}/reveal"): {"field": "name", "reason": "核对登记"},
    ("POST", "/admin/v1/beneficiaries/{beneficiary_id}/mute"): {},
    ("POST", "/admin/v1/beneficiaries/{beneficiary_id}/guardians"): {"name": "赵强", "relation": "child"},
    ("POST", "/admin/v1/guardians/{guardian_id}/consents"): SIGNED,
    ("POST", "/admin/v1/guardians/{guardian_id}/consents/withdraw"): SIGNED,
    ("POST", "/admin/v1/pairings/{pairing_id}/end"): {"reason": "family_wish"},
    ("POST", "/admin/v1/pairings/{pairing_id}/change-cadre"): {"cadre_id": 0},
    ("PUT", "/admin/v1/pairings/proposals/{proposal_id}/pairs/{beneficiary_id}"): {"cadre_id": 0},
    ("POST", "/admin/v1/pairings/proposals/{proposal_id}/lock"): {"beneficiary_ids": [1]},
    ("POST", "/admin/v1/pairings/proposals/{proposal_id}/accept"): {},
    ("PUT", "/admin/v1/pairings/terms/{cadre_id}"): {},
    ("POST", "/admin/v1/cadres/{cadre_id}/participation"): {"takes_part": True},
    ("PUT", "/admin/v1/pairings/wishes/{beneficiary_id}"): {},
    ("POST", "/admin/v1/beneficiaries/{beneficiary_id}/status"): {"status": "moved_away"},
    ("PUT", "/admin/v1/beneficiaries/{beneficiary_id}/care"): {"customs": "不吃猪肉"},
    ("PUT", "/admin/v1/campaigns/{campaign_id}"): {"kind": "policy_notice", "title": "年审开始办理"},
    ("POST", "/admin/v1/campaigns/{campaign_id}/approve"): {"content_hash": "0" * 64},
    ("POST", "/admin/v1/campaigns/{campaign_id}/pause"): {},
    ("POST", "/admin/v1/campaigns/{campaign_id}/retry"): {"reasons": ["not_following"]},
    ("POST", "/admin/v1/campaigns/{campaign_id}/messages/{message_id}/settle"): {
        "outcome": "arrived",
        "reason": "电话核实",
    },
    ("POST", "/admin/v1/imports/{import_id}/confirm"): {},
    ("POST", "/admin/v1/needs/{need_id}/steps"): {"act": "noted", "text": "已联系家属"},
    ("POST", "/admin/v1/inquiries/{inquiry_id}/answer"): {"text": "每月15日前发"},
    ("POST", "/admin/v1/opinions/{opinion_id}/answer"): {"text": "已请区残联改进"},
    ("PUT", "/admin/v1/policies/{policy_id}"): policy_body(key="care_sub"),
    ("POST", "/admin/v1/policies/{policy_id}/publish"): {"content_hash": "0" * 64},
    ("POST", "/admin/v1/policies/{policy_id}/withdraw"): {"reason": "文件已废止"},
    ("POST", "/admin/v1/entitlements/{entitlement_id}/mark"): {"step": "applied"},
}
# What families say about their county is its neighbours' as little as its own: the city reads it.
READ_ABOVE = {("POST", "/admin/v1/opinions/{opinion_id}/answer")}


def _routes(routers: Any) -> Iterator[tuple[Door, APIRoute]]:
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods or ():
                yield (method, route.path), route


ADMIN_DOORS = [door for door, _ in _routes(ADMIN_ROUTERS) if door not in OPEN]
MINI_DOORS = [door for door, _ in _routes(MINI_ROUTERS) if door not in OPEN]
ROW_DOORS = [door for door in ADMIN_DOORS if "_id}" in door[1]]
WORDS = {"kind": "cadres", "key": "mid_autumn"}


async def knock(
    client: httpx.AsyncClient, door: Door, *, headers: dict[str, str], ids: dict[str, int] | None = None
) -> int:
    method, path = door
    names = {part.strip("{}").partition("}")[0] for part in path.split("/") if part.startswith("{")}
    address = path.format(**{name: (ids or {}).get(name, WORDS.get(name, 1)) for name in names})
    body = dict(BODIES.get(door, {}))
    if "cadre_id" in body:
        body["cadre_id"] = (ids or {}).get("new_cadre_id", 1)
    options: dict[str, Any] = {"json": body} if door in BODIES else {}
    query = "?seconds=1" if path.endswith("/events") else ""
    return (await client.request(method, address + query, headers=headers, **options)).status_code


async def things_of_lixia() -> dict[str, int]:
    pairing = await make_pairing()
    guardian = await make_guardian(beneficiary=await pairing.beneficiary)
    campaign = await make_campaign()
    roster = await RosterImport.create(
        kind=RosterKind.CADRES, org_code=LIXIA, filename="干部.xlsx", state=RosterState.CHECKED,
        uploaded_by=1, uploaded_at=NOW,
    )  # fmt: skip
    policy = await make_policy(org_code=LIXIA, policy_key="care_sub", state="draft")
    return {
        "beneficiary_id": pairing.beneficiary_id,
        "cadre_id": pairing.cadre_id,
        "new_cadre_id": (await make_cadre()).id,
        "guardian_id": guardian.id,
        "pairing_id": pairing.id,
        "proposal_id": (await make_proposal(pairing)).id,
        "handover_id": await planned_handover(),
        "campaign_id": campaign.id,
        "message_id": (await make_message(campaign_id=campaign.id)).id,
        "import_id": roster.id,
        "need_id": (await make_need(pairing)).id,
        "inquiry_id": (await make_inquiry(guardian)).id,
        "opinion_id": (await make_opinion(guardian)).id,
        "policy_id": policy.id,
        "entitlement_id": (await make_entitlement(beneficiary_id=pairing.beneficiary_id, policy=policy)).id,
    }


def _id(door: Door) -> str:
    return " ".join(door)


@pytest.mark.parametrize("door", ADMIN_DOORS, ids=_id)
async def test_nobody_and_no_phone_passes_a_door_of_the_console(
    client: httpx.AsyncClient, door: Door
) -> None:
    phone = await phone_headers(cadre_id=(await make_cadre()).id)

    assert await knock(client, door, headers={}) == 401
    assert await knock(client, door, headers=phone) == 401


@pytest.mark.parametrize("door", MINI_DOORS, ids=_id)
async def test_nobody_and_no_staff_passes_a_door_of_the_phones(client: httpx.AsyncClient, door: Door) -> None:
    staff = await staff_headers(client)

    assert await knock(client, door, headers={}) == 401
    assert await knock(client, door, headers=staff) == 401


LOOK_UP = ("POST", "/admin/v1/beneficiaries/lookup")  # reads, with the number in a body


@pytest.mark.parametrize(
    "door", [door for door in ADMIN_DOORS if door[0] != "GET" and door != LOOK_UP], ids=_id
)
async def test_an_auditor_changes_nothing(client: httpx.AsyncClient, door: Door) -> None:
    auditor = await staff_headers(client, role=StaffRole.AUDITOR)

    assert await knock(client, door, headers=auditor) == 403


@pytest.mark.parametrize("door", ROW_DOORS, ids=_id)
async def test_what_is_another_countys_does_not_exist(client: httpx.AsyncClient, door: Door) -> None:
    ids = await things_of_lixia()
    neighbour = await staff_headers(client, org_code=SHIZHONG)

    assert await knock(client, door, headers=neighbour, ids=ids) == 404


@pytest.mark.parametrize("door", ROW_DOORS, ids=_id)
async def test_ones_own_countys_things_are_there(client: httpx.AsyncClient, door: Door) -> None:
    ids = await things_of_lixia()
    own = await staff_headers(client, org_code=JINAN if door in READ_ABOVE else LIXIA)

    # 409: the thing is there, and its state does not allow this.
    assert await knock(client, door, headers=own, ids=ids) in {200, 201, 204, 409}


@pytest.mark.parametrize("router", [*ADMIN_ROUTERS, *MINI_ROUTERS], ids=lambda router: router.routes[0].path)
def test_every_json_body_refuses_unknown_fields(router: Any) -> None:
    bodies = [
        kind
        for _, route in _routes([router])
        for field in route.dependant.body_params
        if isinstance(kind := field.field_info.annotation, type) and issubclass(kind, BaseModel)
    ]

    assert [body for body in bodies if not issubclass(body, RequestBody)] == []
    assert all(body.model_config.get("extra") == "forbid" for body in bodies)
