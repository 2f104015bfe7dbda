"""The main job, walked through HTTP, the worker and a moved clock."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from app.core.clock import china_moment
from app.core.settings import Settings
from tests.accounts.factories import LIXIA
from tests.journeys.town import Browser, Phone, Town, open_town
from tests.people.cast import LIU_GUIYING, SUN_JIANGUO, WANG_XIAOSI, WANG_XIULAN, ZHAO_MIN, Person

MID_AUTUMN = date(2026, 9, 25)
START = china_moment(date(2026, 9, 7), 9, 30)
WEEK_BEFORE = china_moment(MID_AUTUMN - timedelta(days=7), 9, 30)


def person_row(person: Person, **more: str) -> dict[str, str]:
    row = {
        "姓名": person.name,
        "身份证号": person.id_number,
        "残疾人证号": person.certificate,
        "救助类型": "低保（农村）",
    }
    return row | {"户口性质": "农村", "乡镇（街道）": "泉城路街道"} | more


async def enrol(zhou: Browser, people: list[Person], cadres: list[Person]) -> None:
    """Import people, cadres and pairings as a clerk does: template, upload, look, confirm."""
    files = {
        "beneficiaries": [
            person_row(person, 监护人姓名=WANG_XIULAN.name, 监护人电话=WANG_XIULAN.phone, 与监护人关系="父母")
            if person is WANG_XIAOSI
            else person_row(person)
            for person in people
        ],
        "cadres": [
            {"姓名": cadre.name, "手机号": cadre.phone, "单位": "历下区残联", "级别": "科级"}
            for cadre in cadres
        ],
        "pairings": [
            {"干部手机号": cadres[0].phone, "帮扶对象身份证号": person.id_number, "结对日期": "2026-01-05"}
            for person in people
        ],
    }
    for kind, rows in files.items():
        checked = await zhou.upload(kind, await zhou.fill_template(kind, rows))
        assert checked["counts"]["new"] == len(rows), checked
        applied = await zhou.post(f"/imports/{checked['id']}/confirm", {})
        assert applied["state"] == "applied"


async def approved_campaign(author: Browser, second: Browser, body: Mapping[str, object]) -> int:
    campaign = await author.post("/campaigns", body, status=201)
    submitted = await author.post(f"/campaigns/{campaign['id']}/submit")
    own = await author.post(
        f"/campaigns/{campaign['id']}/approve", {"content_hash": submitted["content_hash"]}, status=409
    )
    assert own["title"]
    await second.post(f"/campaigns/{campaign['id']}/approve", {"content_hash": submitted["content_hash"]})
    return int(campaign["id"])


async def test_the_main_job_from_roster_to_festival_reminder(db: None, settings: Settings) -> None:
    async with open_town(settings, now=START) as town:
        zhou = await town.admin("zhou", org_code=LIXIA)
        zheng = await town.admin("zheng", org_code=LIXIA)
        await enrol(zhou, [WANG_XIAOSI, LIU_GUIYING], [SUN_JIANGUO, ZHAO_MIN])
        sun = await signed_in_cadre(town)

        await records_contacts(sun)
        await is_reminded(town, zhou, zheng, sun)


async def signed_in_cadre(town: Town) -> Phone:
    """孙建国 opens the mini program for the first time and shows his number."""
    sun = await town.phone("sun", number=SUN_JIANGUO.phone)
    assert await sun.open_mini_program() == "unbound"
    bound = await sun.show_number()
    assert bound.json()["role"] == "cadre", bound.text
    assert await sun.open_mini_program() == "cadre"
    return sun


async def records_contacts(sun: Phone) -> None:
    """One tap, the same tap again, taken back, and once more for good."""
    before = (await sun.send("GET", "/mini/v1/pairings")).json()["items"]
    assert {item["beneficiary"]["name"] for item in before} == {"王*四", "刘*英"}
    assert all(item["contacts"]["done"] == 0 for item in before)
    first = before[0]

    tap = {"client_id": "tap-1", "pairing_id": first["id"]}
    made = await sun.send("POST", "/mini/v1/contacts", tap)
    again = await sun.send("POST", "/mini/v1/contacts", tap)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    other = await sun.send("POST", "/mini/v1/contacts", tap | {"outcome": "tried"})
    assert other.status_code == 409

    undone = await sun.send("POST", f"/mini/v1/contacts/{made.json()['id']}/undo")
    assert undone.status_code == 200, undone.text
    await sun.send("POST", "/mini/v1/contacts", {"client_id": "tap-2", "pairing_id": first["id"]})

    after = (await sun.send("GET", "/mini/v1/pairings")).json()["items"]
    assert {item["id"]: item["contacts"]["done"] for item in after}[first["id"]] == 1
    assert after[0]["id"] != first["id"], "the one who was called stands behind the one who was not"


async def is_reminded(town: Town, zhou: Browser, zheng: Browser, sun: Phone) -> None:
    """A campaign for 中秋: composed, previewed, approved by the second admin, sent a week before."""
    template_id = town.services.settings.wechat.templates.festival_reminder
    await sun.allow(template_id)
    body = {
        "kind": "festival_reminder",
        "title": "中秋节联系提醒",
        "festival": "mid_autumn",
        "festival_on": "2026-09-25",
    }
    campaign_id = await approved_campaign(zhou, zheng, body)

    preview = await zhou.get(f"/campaigns/{campaign_id}/preview")
    assert preview["reachable"] == 1
    await town.work()
    assert await town.delivered() == [], "nothing leaves before its day"

    town.move_to(WEEK_BEFORE)
    await town.work()

    (seen,) = await town.delivered()
    assert seen["count"] == 1
    assert "中秋节前请联系" in seen["key"]
    assert "等2人" in seen["key"]
    progress = (await zhou.get(f"/campaigns/{campaign_id}"))["progress"]
    assert progress["done"] is True
    assert progress["planned"] == progress["final"] + progress["open"]
    states = {count["state"]: count["count"] for count in progress["counts"]}
    assert states["delivered"] == 1, "the receipt has arrived"

    await town.work()
    assert [row["count"] for row in await town.delivered()] == [1]


async def test_a_guardian_scans_gets_one_notice_and_stops(db: None, settings: Settings) -> None:
    async with open_town(settings, now=START) as town:
        zhou = await town.admin("zhou", org_code=LIXIA)
        zheng = await town.admin("zheng", org_code=LIXIA)
        await enrol(zhou, [WANG_XIAOSI], [SUN_JIANGUO])
        xiulan = await town.phone("xiulan", number=WANG_XIULAN.phone)

        await scans_her_card(zhou, xiulan)
        await policy_notice(town, zhou, zheng, title="护理补贴年审通知", at=START + timedelta(hours=1))
        assert [row["count"] for row in await town.delivered(by="client_msg_id") if row["key"]] == [1]

        stopped = await xiulan.do("say", {"text": "退订"})
        assert "已停止通知" in str(stopped["reply"])
        silent_id = await policy_notice(
            town, zhou, zheng, title="免费体检通知", at=START + timedelta(hours=2)
        )
        assert [row["count"] for row in await town.delivered(by="client_msg_id") if row["key"]] == [1]
        progress = (await zhou.get(f"/campaigns/{silent_id}"))["progress"]
        assert progress["done"] is True
        assert {(one["state"], one["reason"]) for one in progress["counts"]} == {("suppressed", "muted")}

        answered = await xiulan.do("say", {"text": "帮助"})
        assert answered["reply"], "the door is never closed"


async def scans_her_card(zhou: Browser, xiulan: Phone) -> None:
    people = (await zhou.get("/beneficiaries"))["items"]
    person = await zhou.get(f"/beneficiaries/{people[0]['id']}")
    guardian_id = person["guardians"][0]["id"]
    card = await zhou.post(f"/guardians/{guardian_id}/binding-codes", status=201)

    welcome = await xiulan.do("scan", {"scene_str": card["scene"]})

    assert welcome["reply"], welcome
    assert "退订" in str(welcome["reply"]), "she is told how to stop"


async def policy_notice(town: Town, zhou: Browser, zheng: Browser, *, title: str, at: datetime) -> int:
    body = {"kind": "policy_notice", "title": title, "text": "请到街道残联办理。", "send_at": at.isoformat()}
    campaign_id = await approved_campaign(zhou, zheng, body)
    town.move_to(at + timedelta(minutes=1))
    await town.work()
    return campaign_id


async def test_a_festival_marked_automatic_is_reminded_of_once(db: None, settings: Settings) -> None:
    async with open_town(settings, now=START) as town:
        zhou = await town.admin("zhou", org_code=LIXIA)
        zheng = await town.admin("zheng", org_code=LIXIA)
        await enrol(zhou, [WANG_XIAOSI], [SUN_JIANGUO])
        sun = await signed_in_cadre(town)
        await sun.allow(town.services.settings.wechat.templates.festival_reminder)
        await zhou.post("/festivals/mid_autumn/automatic", {"enabled": True}, status=204)
        await zheng.post("/festivals/mid_autumn/automatic/confirm", status=204)

        for day in range(10):
            town.move_to(WEEK_BEFORE + timedelta(days=day - 2))
            await town.work()
            await town.work()

        assert [row["count"] for row in await town.delivered()] == [1]
        (campaign,) = (await zhou.get("/campaigns"))["items"]
        assert campaign["automatic"] is True
