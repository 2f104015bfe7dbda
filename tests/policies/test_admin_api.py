"""The policy library and the county's list, through the console's API."""

from typing import Any

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.audit.models import AuditEntry
from app.orgs.operations import plant_tree
from app.policies.enums import Step, Verdict
from app.policies.models import Entitlement, Policy, PolicyStep
from app.policies.operations import recompute_step
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG, staff_headers
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.people.factories import make_beneficiary
from tests.policies.factories import DIBAO, SEVERE, flag, make_entitlement, make_policy, policy_body


class Console:
    """A browser of one member of staff."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    @classmethod
    async def of(cls, client: httpx.AsyncClient, org_code: str = LIXIA, **staff: Any) -> "Console":
        return cls(client, await staff_headers(client, org_code=org_code, **staff))

    async def post(self, path: str, json: dict[str, Any] | None = None) -> httpx.Response:
        return await self._client.post(f"/admin/v1{path}", json=json, headers=self._headers)

    async def put(self, path: str, json: dict[str, Any]) -> httpx.Response:
        return await self._client.put(f"/admin/v1{path}", json=json, headers=self._headers)

    async def get(self, path: str) -> Any:
        answer = await self._client.get(f"/admin/v1{path}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def published(client: httpx.AsyncClient, org_code: str = LIXIA, **overrides: Any) -> dict[str, Any]:
    """Write, submit and publish a policy by two admins of one federation."""
    author, second = await Console.of(client, org_code), await Console.of(client, org_code)
    drafted = (await author.post("/policies", policy_body(**overrides))).json()
    submitted = (await author.post(f"/policies/{drafted['id']}/submit")).json()
    answer = await second.post(
        f"/policies/{drafted['id']}/publish", {"content_hash": submitted["content_hash"]}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_policy_is_written_by_one_and_published_by_another(client: httpx.AsyncClient) -> None:
    author = await Console.of(client)
    drafted = await author.post("/policies", policy_body())
    assert drafted.status_code == 201, drafted.text
    number = drafted.json()["id"]
    submitted = (await author.post(f"/policies/{number}/submit")).json()
    seen = {"content_hash": submitted["content_hash"]}

    own = await author.post(f"/policies/{number}/publish", seen)
    second = await (await Console.of(client)).post(f"/policies/{number}/publish", seen)

    assert (own.status_code, own.json()["code"]) == (409, "policies.own_draft")
    assert second.status_code == 200
    assert second.json()["state"] == {"code": "published", "label": "已发布"}
    assert second.json()["valid_from"] == "2026-05-17"
    deeds = await AuditEntry.filter(object_kind="policy").order_by("id")
    assert [deed.action for deed in deeds] == ["policy.created", "policy.submitted", "policy.published"]


async def test_what_is_published_is_what_was_read(client: httpx.AsyncClient) -> None:
    author, second = await Console.of(client), await Console.of(client)
    number = (await author.post("/policies", policy_body())).json()["id"]
    seen = (await author.post(f"/policies/{number}/submit")).json()["content_hash"]
    await author.put(f"/policies/{number}", policy_body(apply_at="区政务大厅"))
    assert (await second.post(f"/policies/{number}/publish", {"content_hash": seen})).status_code == 409
    await author.post(f"/policies/{number}/submit")

    answer = await second.post(f"/policies/{number}/publish", {"content_hash": seen})

    assert answer.json()["code"] == "policies.content_changed"


async def test_a_published_version_is_never_edited_and_a_new_one_follows(client: httpx.AsyncClient) -> None:
    first = await published(client)
    author = await Console.of(client)

    edited = await author.put(f"/policies/{first['id']}", policy_body())
    second = await author.post("/policies", policy_body(valid_from="2026-07-01"))

    assert (edited.status_code, edited.json()["code"]) == (409, "policies.wrong_state")
    assert "请起草新的版本" in edited.json()["detail"]
    assert (second.json()["version"], second.json()["valid_from"]) == (2, "2026-07-01")


async def test_a_draft_keeps_its_key(client: httpx.AsyncClient) -> None:
    author = await Console.of(client)
    number = (await author.post("/policies", policy_body())).json()["id"]

    answer = await author.put(f"/policies/{number}", policy_body(key="other_sub"))

    assert (answer.status_code, answer.json()["code"]) == (422, "policies.rules_wrong")


async def test_a_malformed_condition_is_refused_with_its_place(client: httpx.AsyncClient) -> None:
    author = await Console.of(client)
    wrong = {
        "all": [{"fact": "grade", "is": "in", "value": [1, 9]}, {"fact": "hight", "is": "==", "value": 1}]
    }

    answer = await author.post("/policies", policy_body(when=wrong))
    checked = await author.post("/policies/validate", {"when": wrong})

    assert (answer.status_code, answer.json()["code"]) == (422, "policies.rules_wrong")
    places = [error["pointer"] for error in answer.json()["errors"]]
    assert places == ["/when/all/0/value/1", "/when/all/1/fact"]
    assert checked.json()["ok"] is False
    assert checked.json()["errors"] == answer.json()["errors"]
    assert await Policy.all().count() == 0


async def test_good_rules_pass_the_check(client: httpx.AsyncClient) -> None:
    author = await Console.of(client)

    answer = await author.post("/policies/validate", {"when": SEVERE, "amounts": policy_body()["amounts"]})

    assert answer.json() == {"ok": True, "errors": []}


async def test_a_county_sets_amounts_for_itself_only(client: httpx.AsyncClient) -> None:
    author = await Console.of(client)

    answer = await author.post("/policies", policy_body(amounts=[{"region": "3701", "cny": 1}]))

    assert answer.json()["errors"] == [
        {"pointer": "/amounts/0/region", "detail": "只能设置本级及下级地区（370102开头）的标准"}
    ]


async def test_a_field_that_nobody_knows_is_refused(client: httpx.AsyncClient) -> None:
    author = await Console.of(client)

    answer = await author.post("/policies", policy_body(amounts=[{"region": "370102", "cny": 1, "euro": 2}]))

    assert answer.json()["errors"] == [{"pointer": "/amounts/0/euro", "detail": "不认识的字段，请删除"}]


@pytest.mark.parametrize(
    ("org_code", "seen"),
    [
        (SHANDONG, {"of_province", "of_city", "of_county", "of_neighbour"}),
        (JINAN, {"of_province", "of_city", "of_county", "of_neighbour"}),
        (LIXIA, {"of_province", "of_city", "of_county", "draft_of_county"}),
        ("370202", {"of_province"}),
    ],
)
async def test_one_sees_what_applies_here_and_ones_own_drafts(
    client: httpx.AsyncClient, org_code: str, seen: set[str]
) -> None:
    await make_policy(policy_key="of_province")
    await make_policy(policy_key="of_city", org_code=JINAN)
    await make_policy(policy_key="of_county", org_code=LIXIA)
    await make_policy(policy_key="of_neighbour", org_code=SHIZHONG)
    draft = await make_policy(policy_key="draft_of_county", org_code=LIXIA, state="draft")
    console = await Console.of(client, org_code)

    found = await console.get("/policies")

    assert {item["key"] for item in found["items"]} == seen
    expected = 200 if org_code == LIXIA else 404
    headers = await staff_headers(client, org_code=org_code)
    assert (await client.get(f"/admin/v1/policies/{draft.id}", headers=headers)).status_code == expected


async def test_the_province_does_not_withdraw_for_the_county(client: httpx.AsyncClient) -> None:
    policy = await make_policy(org_code=LIXIA)
    province, county = await Console.of(client, SHANDONG), await Console.of(client)

    refused = await province.post(f"/policies/{policy.id}/withdraw", {"reason": "文件已废止"})
    done = await county.post(f"/policies/{policy.id}/withdraw", {"reason": "文件已废止"})

    assert (refused.status_code, refused.json()["code"]) == (403, "policies.not_ours")
    assert done.json()["state"]["code"] == "withdrawn"
    assert done.json()["withdrawal_reason"] == "文件已废止"


async def test_only_an_admin_publishes(client: httpx.AsyncClient) -> None:
    policy = await make_policy(org_code=LIXIA, state="submitted")
    clerk = await Console.of(client, role=StaffRole.CLERK)

    answer = await clerk.post(f"/policies/{policy.id}/publish", {"content_hash": policy.content_hash})

    assert answer.status_code == 403


async def test_the_examples_come_as_drafts_and_once(client: httpx.AsyncClient) -> None:
    console = await Console.of(client, SHANDONG)

    first = await console.post("/policies/examples")
    again = await console.post("/policies/examples")

    assert first.status_code == 201
    assert len(first.json()) == 27
    assert {item["state"]["code"] for item in first.json()} == {"draft"}
    assert again.json() == []


async def test_the_facts_are_listed_for_authors(client: httpx.AsyncClient) -> None:
    console = await Console.of(client)

    facts = {fact["key"]: fact for fact in await console.get("/policies/facts")}

    assert facts["grade"]["question"] is None
    assert {"code": "in", "label": "是其中之一"} in facts["grade"]["operators"]
    assert facts["employed"]["question"]
    assert {"code": "dibao", "label": "低保"} in facts["relief"]["choices"]


async def test_versions_are_listed_in_pages(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await make_policy(policy_key="care", version=number + 1)
    await make_policy()
    console = await Console.of(client)

    first = await console.get("/policies?key=care&limit=2")
    second = await console.get(f"/policies?key=care&limit=2&cursor={first['next_cursor']}")

    assert [item["version"] for item in first["items"] + second["items"]] == [1, 2, 3]
    assert second["next_cursor"] is None


# ---- the county's list ----


async def test_a_published_policy_finds_its_families(client: httpx.AsyncClient) -> None:
    liu = await make_beneficiary()
    await published(client, when={"all": [SEVERE, DIBAO]})
    while await recompute_step(now=NOW):
        pass
    console = await Console.of(client)

    (item,) = (await console.get("/entitlements?policy=care_sub"))["items"]

    assert (item["beneficiary_id"], item["beneficiary_name"]) == (liu.id, "张*山")
    assert item["verdict"] == {"code": "gap", "label": "应享未享"}
    assert item["amount"] == "每月200元（示例，标准以当地公布为准）"
    assert item["why"] == ["残疾等级：一级", "社会救助情况：低保"]
    assert item["bring"] == ["残疾人证", "身份证"]
    assert item["apply_at"] == "街道便民服务中心"
    assert item["source"] == "国发〔2015〕52号（2026年5月1日核对）"
    assert (await console.get("/entitlements/progress"))["finished_at"] is not None


async def test_the_county_notes_what_came_of_it(client: httpx.AsyncClient) -> None:
    policy = await make_policy(policy_key="med")
    liu = await make_beneficiary()
    row = await make_entitlement(beneficiary_id=liu.id, policy=policy)
    console = await Console.of(client)

    answer = await console.post(f"/entitlements/{row.id}/mark", {"step": "applied"})

    assert answer.json() == {"step": "applied", "step_label": "已申请，等待办理"}
    assert (await console.get("/entitlements"))["items"] == []
    (item,) = (await console.get("/entitlements?step=applied"))["items"]
    assert item["step"]["label"] == "已申请，等待办理"
    await console.post(f"/entitlements/{row.id}/mark", {"step": "received"})
    assert (await Entitlement.get(id=row.id)).verdict is Verdict.RECEIVED


async def test_not_applicable_needs_a_reason(client: httpx.AsyncClient) -> None:
    policy = await make_policy(policy_key="med")
    row = await make_entitlement(beneficiary_id=(await make_beneficiary()).id, policy=policy)
    console = await Console.of(client)

    refused = await console.post(f"/entitlements/{row.id}/mark", {"step": "not_applicable"})
    done = await console.post(
        f"/entitlements/{row.id}/mark", {"step": "not_applicable", "reason": "住养老院，不单独缴费"}
    )

    assert (refused.status_code, refused.json()["code"]) == (422, "policies.reason_missing")
    assert done.status_code == 200
    assert (await console.get("/entitlements"))["items"] == []


@pytest.mark.parametrize(("org_code", "seen"), [(LIXIA, 1), (SHIZHONG, 0), (JINAN, 0), (SHANDONG, 0)])
async def test_names_are_seen_where_one_acts(client: httpx.AsyncClient, org_code: str, seen: int) -> None:
    row = await make_entitlement(beneficiary_id=(await make_beneficiary()).id, policy=await make_policy())
    console = await Console.of(client, org_code)

    assert len((await console.get("/entitlements"))["items"]) == seen
    if not seen:
        answer = await console.post(f"/entitlements/{row.id}/mark", {"step": "applied"})
        assert (answer.status_code, answer.json()["code"]) == (404, "policies.entitlement_not_found")


async def test_numbers_are_counted_by_unit_and_policy(client: httpx.AsyncClient) -> None:
    await plant_tree()
    await make_policy(policy_key="med", rules={"when": DIBAO})
    await make_policy(policy_key="care", rules={"when": flag("injury_care_fee")})
    for region, step in (
        (LIXIA, None),
        (LIXIA, Step.APPLIED),
        (LIXIA, Step.REFUSED),
        (SHIZHONG, Step.RECEIVED),
        ("370202", None),
    ):
        person = await make_beneficiary(region_code=region)
        if step:
            await PolicyStep.create(
                beneficiary_id=person.id, policy_key="med", step=step, said_by="staff", said_at=NOW
            )
    while await recompute_step(now=NOW):
        pass
    city, province = await Console.of(client, JINAN), await Console.of(client, SHANDONG)

    counted = (await city.get("/entitlements/counts"))["units"]
    of_province = (await province.get("/entitlements/counts?policy=care"))["units"]

    assert [(unit["code"], unit["policy"]) for unit in counted] == [
        (LIXIA, "care"),
        (LIXIA, "med"),
        (SHIZHONG, "care"),
        (SHIZHONG, "med"),
    ]
    assert (counted[0]["to_verify"], counted[0]["gaps"]) == (3, 0)
    assert (counted[1]["gaps"], counted[1]["applied"], counted[1]["received"]) == (1, 1, 0)
    assert counted[3]["received"] == 1
    assert [(unit["code"], unit["name"]) for unit in of_province] == [
        (JINAN, "济南市残联"),
        ("370200", "青岛市残联"),
    ]


async def test_numbers_of_elsewhere_are_not_told(client: httpx.AsyncClient) -> None:
    await plant_tree()
    headers = await staff_headers(client)

    answer = await client.get(f"/admin/v1/entitlements/counts?region={JINAN}", headers=headers)

    assert answer.status_code == 404


async def test_an_old_source_is_marked_as_stale(client: httpx.AsyncClient, clock: FixedClock) -> None:
    policy = await make_policy()
    console = await Console.of(client)
    assert (await console.get(f"/policies/{policy.id}"))["is_stale"] is False
    await Policy.filter(id=policy.id).update(checked_on="2025-05-01")

    assert (await console.get(f"/policies/{policy.id}"))["is_stale"] is True
