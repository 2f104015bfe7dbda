"""A notice about one policy: it goes to families that should have it and do not, and tells them why."""

import httpx
import pytest

from app.campaigns import queries
from app.campaigns.enums import PolicyAudience
from app.campaigns.models import Campaign
from app.campaigns.operations.drafting import PolicyUnknown, hash_of
from app.campaigns.rules import PolicyNotAllowed
from app.messaging.enums import MessageState, Reason
from app.messaging.models import Message
from app.orgs.operations import plant_tree
from app.people.models import Beneficiary, Guardian
from app.policies.enums import PolicyState, Verdict
from app.policies.models import Entitlement, Policy
from tests.accounts.factories import SHIZHONG, phone_headers, staff_headers
from tests.campaigns.factories import (
    approved,
    campaign_sender,
    draft_of,
    expand_all,
    notice,
    reachable_guardian,
    reminder,
)
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_guardian
from tests.policies.factories import make_entitlement, make_policy

pytestmark = pytest.mark.usefixtures("db")


async def family_with(policy: Policy, **overrides: object) -> tuple[Guardian, Beneficiary]:
    """Make a family that is judged by a policy, with a guardian whom WeChat reaches."""
    beneficiary = await make_beneficiary()
    guardian = await reachable_guardian(beneficiary=beneficiary)
    await make_entitlement(beneficiary_id=beneficiary.id, policy=policy, **overrides)
    return guardian, beneficiary


async def told() -> set[int]:
    return {message.recipient_id for message in await Message.filter(state=MessageState.SENT)}


async def test_it_goes_to_families_with_a_gap_and_to_nobody_else(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    care = await make_policy(name="护理补贴")
    entitled, _ = await family_with(care)
    await family_with(care, verdict=Verdict.RECEIVED)
    await family_with(care, step="refused")
    await family_with(await make_policy(name="辅具补贴"))
    await reachable_guardian(beneficiary=await make_beneficiary())
    campaign = await approved(notice(policy_key=care.policy_key))

    counts = await queries.preview_counts(campaign=campaign, now=NOW)
    await expand_all(now=NOW)
    await campaign_sender(wechat, clock).send_due()

    assert sum(one.people for one in counts) == 1
    assert await told() == {entitled.id}


async def test_when_the_policy_changes_those_who_have_it_are_told(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    care = await make_policy()
    await family_with(care)
    receiving, _ = await family_with(care, verdict=Verdict.RECEIVED)
    await approved(notice(policy_key=care.policy_key, policy_audience=PolicyAudience.RECEIVED))
    await expand_all(now=NOW)

    await campaign_sender(wechat, clock).send_due()

    assert await told() == {receiving.id}


async def test_a_gap_that_was_closed_meanwhile_is_noticed_before_the_message_leaves(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    care = await make_policy()
    _, beneficiary = await family_with(care)
    await approved(notice(policy_key=care.policy_key))
    await expand_all(now=NOW)
    await Entitlement.filter(beneficiary_id=beneficiary.id).update(step="applied")

    await campaign_sender(wechat, clock).send_due()

    message = await Message.get()
    assert (message.state, message.reason) == (MessageState.SUPPRESSED, Reason.NO_GAP)
    assert wechat.template_messages == []


async def test_only_a_notice_and_only_a_published_policy_will_do() -> None:
    draft_policy = await make_policy(state=PolicyState.DRAFT)
    next_door = await make_policy(org_code=SHIZHONG)

    with pytest.raises(PolicyNotAllowed):
        await draft_of(reminder(policy_key=draft_policy.policy_key))
    for unknown in (draft_policy.policy_key, next_door.policy_key, "no_such_policy"):
        with pytest.raises(PolicyUnknown):
            await draft_of(notice(policy_key=unknown))
    assert await Campaign.all().count() == 0


async def test_an_approval_covers_the_policy_and_the_audience() -> None:
    care = await make_policy()
    campaign = await draft_of(notice(policy_key=care.policy_key))
    before = hash_of(campaign)

    campaign.policy_audience = PolicyAudience.RECEIVED
    other_audience = hash_of(campaign)
    campaign.policy_key = ""

    assert len({before, other_audience, hash_of(campaign)}) == 3


async def test_the_preview_counts_by_county(client: httpx.AsyncClient) -> None:
    await plant_tree()
    care = await make_policy()
    await family_with(care)
    unreachable = await make_beneficiary()
    await make_guardian(beneficiary=unreachable)
    await make_entitlement(beneficiary_id=unreachable.id, policy=care)
    campaign = await draft_of(notice(policy_key=care.policy_key))
    staff = await staff_headers(client)

    answer = await client.get(f"/admin/v1/campaigns/{campaign.id}/preview", headers=staff)

    assert answer.status_code == 200, answer.text
    assert answer.json()["regions"] == [
        {"region_code": "370102", "region_name": "历下区", "people": 2, "reachable": 1}
    ]


async def test_a_family_reads_why_it_got_the_notice_and_the_cadre_sees_that_it_did(
    client: httpx.AsyncClient, wechat: FakeWeChat, clock: FixedClock
) -> None:
    care = await make_policy(name="护理补贴")
    guardian, beneficiary = await family_with(care)
    pairing = await make_pairing(beneficiary=beneficiary)
    await approved(notice(policy_key=care.policy_key))
    await expand_all(now=NOW)
    await campaign_sender(wechat, clock).send_due()
    message = await Message.get()
    own = await phone_headers(guardian_id=guardian.id)
    sun = await phone_headers(cadre_id=pairing.cadre_id)
    stranger = await phone_headers(cadre_id=(await make_pairing()).cadre_id)

    read = (await client.get(f"/mini/v1/notices/{message.id}", headers=own)).json()
    seen = (await client.get("/mini/v1/families/notices", headers=sun)).json()["items"]
    hidden = (await client.get("/mini/v1/families/notices", headers=stranger)).json()["items"]

    assert read["why"] == (
        "为什么收到：按登记的情况，张*山可能可以享受“护理补贴”，目前还没有享受。以办理部门的审核为准。"
    )
    assert [(one["guardian"], one["title"], one["state_label"]) for one in seen] == [
        ("王*兰", "两项补贴年审开始办理", "已发出")
    ]
    assert hidden == []


async def test_why_stays_true_after_the_gap_was_closed(
    client: httpx.AsyncClient, wechat: FakeWeChat, clock: FixedClock
) -> None:
    care = await make_policy(name="护理补贴")
    guardian, beneficiary = await family_with(care)
    await approved(notice(policy_key=care.policy_key))
    await expand_all(now=NOW)
    await campaign_sender(wechat, clock).send_due()
    await Entitlement.filter(beneficiary_id=beneficiary.id).delete()

    read = await client.get(
        f"/mini/v1/notices/{(await Message.get()).id}", headers=await phone_headers(guardian_id=guardian.id)
    )

    assert read.json()["why"] == "为什么收到：发出时，您家登记的情况与“护理补贴”有关。"


async def test_a_notice_to_everybody_gives_no_reason(
    client: httpx.AsyncClient, wechat: FakeWeChat, clock: FixedClock
) -> None:
    guardian = await reachable_guardian(beneficiary=await make_beneficiary())
    await approved(notice())
    await expand_all(now=NOW)
    await campaign_sender(wechat, clock).send_due()

    read = await client.get(
        f"/mini/v1/notices/{(await Message.get()).id}", headers=await phone_headers(guardian_id=guardian.id)
    )

    assert read.json()["why"] is None
