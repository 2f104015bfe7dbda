"""What a cadre can help with, what a guardian reads about the family, and the questions they answer."""

from datetime import date
from typing import Any

import httpx

from app.audit.models import AuditEntry
from app.core import sql
from app.people.enums import GuardianRelation
from app.people.models import Guardianship
from app.policies.models import Entitlement, PersonFact, PolicyStep
from app.policies.operations import recompute_step
from tests.accounts.factories import phone_headers
from tests.conftest import NOW
from tests.pairing.factories import make_pairing
from tests.people.cast import LIU_GUIYING, WANG_XIAOSI
from tests.people.factories import make_beneficiary, make_cadre, make_guardian
from tests.policies.factories import DIBAO, SEVERE, flag, make_policy

CARE = {"when": {"all": [SEVERE, {"not": flag("injury_care_fee")}]}}


class Phone:
    """A phone that is signed in."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    @classmethod
    async def of(cls, client: httpx.AsyncClient, **owner: Any) -> "Phone":
        return cls(client, await phone_headers(**owner))

    async def get(self, path: str) -> Any:
        answer = await self._client.get(f"/mini/v1{path}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def status(self, path: str) -> tuple[int, str]:
        answer = await self._client.get(f"/mini/v1{path}", headers=self._headers)
        return answer.status_code, answer.json()["code"]

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self._client.post(f"/mini/v1{path}", json=body, headers=self._headers)


async def recompute() -> None:
    while await recompute_step(now=NOW):
        pass


async def test_a_cadre_sees_the_gaps_of_his_people(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="care", name="护理补贴", rules=CARE)
    await make_policy(policy_key="med", name="医保资助", rules={"when": DIBAO})
    liu = await make_beneficiary(name=LIU_GUIYING.name)
    pairing = await make_pairing(beneficiary=liu)
    await make_beneficiary()
    await recompute()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)

    (family,) = await sun.get("/entitlements")

    assert (family["beneficiary_id"], family["name"]) == (liu.id, LIU_GUIYING.masked)
    med, care = family["items"]
    assert med["verdict"]["label"] == "应享未享"
    assert med["sentence"] == "可能应享受“医保资助”，还没有享受记录，请了解并协助申请。"
    assert med["why"] == ["社会救助情况：低保"]
    assert (med["bring"], med["apply_at"]) == (["残疾人证"], "乡镇（街道）便民服务中心")
    assert care["verdict"]["label"] == "待核实"
    assert care["missing"] == "还不知道：领取工伤护理费"
    assert [asked["fact"] for asked in family["questions"]] == ["injury_care_fee"]
    assert family["soon"] is None


async def test_an_answer_decides_at_once(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="care", rules=CARE)
    pairing = await make_pairing()
    await recompute()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)
    told = {"beneficiary_id": pairing.beneficiary_id, "fact": "injury_care_fee"}

    answer = await sun.post("/facts", **told, value=False, evidence="本人说没有工伤")

    assert answer.status_code == 200, answer.text
    (family,) = answer.json()["items"]
    assert (family["items"][0]["verdict"]["code"], family["questions"]) == ("gap", [])
    fact = await PersonFact.get()
    assert (fact.said_by, fact.said_by_id, fact.said_at) == ("cadre", pairing.cadre_id, NOW)
    (stored,) = await sql.fetch("SELECT evidence FROM person_fact")
    assert stored["evidence"].startswith("enc:v1:")
    deed = await AuditEntry.filter(action="policy.fact_answered").get()
    assert deed.detail == "fact:injury_care_fee"


async def test_the_latest_answer_counts(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="care", rules=CARE)
    pairing = await make_pairing()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)
    told = {"beneficiary_id": pairing.beneficiary_id, "fact": "injury_care_fee"}
    await sun.post("/facts", **told, value=False)

    await sun.post("/facts", **told, value=True)

    assert await Entitlement.all().count() == 0
    assert (await PersonFact.get()).value == "true"


async def test_an_answer_that_does_not_fit_is_refused(client: httpx.AsyncClient) -> None:
    pairing = await make_pairing()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)
    whom = {"beneficiary_id": pairing.beneficiary_id}

    unknown = await sun.post("/facts", **whom, fact="shoe_size", value=1)
    registered = await sun.post("/facts", **whom, fact="grade", value=1)
    no_flag = await sun.post("/facts", **whom, fact="employed", value="是")

    assert unknown.json()["code"] == "policies.fact_unknown"
    assert registered.json()["detail"] == "“残疾等级”以花名册为准，不能在这里填写"
    assert no_flag.json()["code"] == "policies.answer_wrong"
    assert await PersonFact.all().count() == 0


async def test_a_cadre_marks_what_came_of_it(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="med", rules={"when": DIBAO})
    pairing = await make_pairing()
    await recompute()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)
    row = await Entitlement.get()

    applied = await sun.post(f"/entitlements/{row.id}/mark", step="applied")
    received = await sun.post(f"/entitlements/{row.id}/mark", step="received", reason="卡上已到账")

    (item,) = applied.json()["items"][0]["items"]
    assert (item["verdict"]["code"], item["step"]["code"]) == ("gap", "applied")
    (item,) = received.json()["items"][0]["items"]
    assert item["verdict"]["label"] == "应享已享"
    step = await PolicyStep.get()
    assert (step.said_by, step.said_by_id, step.reason) == ("cadre", pairing.cadre_id, "卡上已到账")
    assert await AuditEntry.filter(action="policy.step_marked").count() == 2


async def test_a_mark_outlives_the_next_rounds(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="med", rules={"when": DIBAO})
    pairing = await make_pairing()
    await recompute()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)
    await sun.post(f"/entitlements/{(await Entitlement.get()).id}/mark", step="refused")
    await make_policy()

    await recompute()

    row = await Entitlement.get(policy_key="med")
    assert (row.verdict, row.step) == ("gap", "refused")


async def test_other_peoples_families_are_not_there(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="med", rules={"when": DIBAO})
    mine, other = await make_pairing(), await make_pairing()
    await recompute()
    sun = await Phone.of(client, cadre_id=mine.cadre_id)
    row = await Entitlement.get(beneficiary_id=other.beneficiary_id)

    marked = await sun.post(f"/entitlements/{row.id}/mark", step="received")
    told = await sun.post("/facts", beneficiary_id=other.beneficiary_id, fact="employed", value=True)

    assert (marked.status_code, told.status_code) == (404, 404)
    assert await PolicyStep.all().count() == await PersonFact.all().count() == 0


async def test_after_the_pairing_ended_nothing_is_shown(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="med", rules={"when": DIBAO})
    pairing = await make_pairing(ended_on=date(2026, 5, 17))
    await recompute()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)

    assert await sun.get("/entitlements") == []


async def test_a_guardian_of_two_reads_what_concerns_each_and_why(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="care", name="护理补贴", rules=CARE)
    await make_policy(policy_key="bus", name="免费乘公交", access="certificate")
    await make_policy(
        policy_key="school", name="送教上门", rules={"when": {"fact": "age", "is": "<", "value": 18}}
    )
    await make_policy(policy_key="device", rules={"when": flag("needs_device")})
    liu = await make_beneficiary(name=LIU_GUIYING.name, id_number=LIU_GUIYING.id_number)
    wang = await make_beneficiary(
        name=WANG_XIAOSI.name, id_number=WANG_XIAOSI.id_number, certificate=WANG_XIAOSI.certificate
    )
    guardian = await make_guardian(beneficiary=liu)
    await Guardianship.create(guardian=guardian, beneficiary=wang, relation=GuardianRelation.PARENT)
    phone = await Phone.of(client, guardian_id=guardian.id)

    first, second = await phone.get("/my-policies")

    assert [item["policy"] for item in first["items"]] == ["bus", "care"]
    assert [item["policy"] for item in second["items"]] == ["bus", "school", "care"]
    assert second["items"][1]["why"] == ["年龄（周岁）：11周岁"]
    assert (first["name"], second["name"]) == (LIU_GUIYING.masked, WANG_XIAOSI.masked)
    assert first["items"][0]["id"] is None


async def test_a_guardian_answers_for_his_own(client: httpx.AsyncClient) -> None:
    await make_policy(policy_key="care", rules=CARE)
    liu, stranger = await make_beneficiary(), await make_beneficiary()
    guardian = await make_guardian(beneficiary=liu)
    phone = await Phone.of(client, guardian_id=guardian.id)

    own = await phone.post("/facts", beneficiary_id=liu.id, fact="injury_care_fee", value=False)
    other = await phone.post("/facts", beneficiary_id=stranger.id, fact="injury_care_fee", value=False)

    assert own.json()["items"][0]["items"][0]["verdict"]["code"] == "gap"
    assert (await PersonFact.get()).said_by == "guardian"
    assert other.status_code == 404


async def test_a_birthday_that_changes_something_is_told(client: httpx.AsyncClient) -> None:
    pairing = await make_pairing(beneficiary=await make_beneficiary(born_on=date(1966, 6, 1)))
    await make_policy()
    await recompute()
    sun = await Phone.of(client, cadre_id=pairing.cadre_id)

    (family,) = await sun.get("/entitlements")

    assert family["soon"] == "2026年6月1日满60周岁，可享受的政策可能有变化。"


async def test_who_is_not_bound_answers_nothing(client: httpx.AsyncClient) -> None:
    nobody = await Phone.of(client)

    assert await nobody.status("/my-policies") == (403, "policies.bound_phones_only")
    assert await nobody.status("/entitlements") == (403, "accounts.cadres_only")
    told = await nobody.post("/facts", beneficiary_id=1, fact="employed", value=True)
    assert told.json()["code"] == "policies.bound_phones_only"


async def test_a_cadre_has_no_family_page(client: httpx.AsyncClient) -> None:
    sun = await Phone.of(client, cadre_id=(await make_cadre()).id)

    assert (await sun.status("/my-policies"))[0] == 403


async def test_the_category_is_in_no_answer(client: httpx.AsyncClient) -> None:
    await make_policy(rules={"when": {"fact": "categories", "is": "overlaps", "value": ["mental"]}})
    liu = await make_beneficiary()
    await type(liu).filter(id=liu.id).update(category="mental")
    pairing = await make_pairing(beneficiary=liu)
    await recompute()
    headers = await phone_headers(cadre_id=pairing.cadre_id)

    answer = await client.get("/mini/v1/entitlements", headers=headers)

    assert answer.json()["items"][0]["items"][0]["why"] == ["残疾类别"]
    assert "精神" not in answer.text
