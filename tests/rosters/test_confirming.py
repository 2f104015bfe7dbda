"""Confirming: all or nothing, once, and only what the clerk has seen."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.audit.models import AuditEntry
from app.people.models import Beneficiary, Cadre, Guardian, Household
from app.rosters import operations
from app.rosters.models import RosterImport, RosterRow
from tests.accounts.factories import SHIZHONG, staff_headers
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.people.factories import fresh_id_number, make_beneficiary, make_cadre, make_guardian
from tests.rosters.factories import (
    CADRE_HEADERS,
    confirm,
    counts,
    import_all,
    person,
    roster,
    rows_of,
    upload,
)


@pytest.fixture
async def clerk(client: httpx.AsyncClient) -> dict[str, str]:
    return await staff_headers(client, role="clerk")


async def _uploaded(
    client: httpx.AsyncClient, rows: list[dict[str, Any]], headers: dict[str, str]
) -> dict[str, Any]:
    answer = await upload(client, roster(rows), headers=headers)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_nothing_is_registered_before_somebody_confirms(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    body = await _uploaded(client, [person(户编号="1", 监护人姓名="李强")], clerk)

    assert body["summary"] == "待确认：共1行，新增1行，更新0行，无变化0行，冲突0行，错误0行"
    assert await Beneficiary.all().count() == 0
    assert await Household.all().count() == 0
    assert await Guardian.all().count() == 0


async def test_bad_rows_have_to_be_left_out_in_so_many_words(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    body = await _uploaded(client, [person(), person(姓名=None)], clerk)

    refused = await confirm(client, body["id"], headers=clerk)
    accepted = await confirm(client, body["id"], headers=clerk, skip_bad=True)

    assert refused.status_code == 409
    assert refused.json()["code"] == "rosters.bad_rows_left"
    assert refused.json()["detail"] == "有1行不能导入。请改正后重新上传，或者选择跳过这些行"
    assert accepted.json()["state"] == "applied"
    assert await Beneficiary.all().count() == 1


async def test_confirming_again_gives_the_same_answer_and_changes_nothing(
    client: httpx.AsyncClient, clerk: dict[str, str], clock: FixedClock
) -> None:
    body = await _uploaded(client, [person(), person()], clerk)
    first = await confirm(client, body["id"], headers=clerk)
    clock.advance(timedelta(minutes=5))

    again = await confirm(client, body["id"], headers=clerk)

    assert again.status_code == 200
    assert again.json() == first.json()
    assert await Beneficiary.all().count() == 2
    assert await AuditEntry.filter(action="import.applied").count() == 1


async def test_a_failure_far_down_the_file_leaves_nothing_behind(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    numbers = [fresh_id_number() for _ in range(2500)]
    people = [
        person(身份证号=number, 户编号=f"H{place}", 监护人姓名="李强") for place, number in enumerate(numbers)
    ]
    body = await _uploaded(client, people, clerk)
    await make_beneficiary(id_number=numbers[2400], region_code=SHIZHONG)

    answer = await confirm(client, body["id"], headers=clerk)

    assert answer.status_code == 409
    assert answer.json()["code"] == "rosters.outdated"
    assert answer.json()["detail"] == "第2402行涉及的登记内容已经变化，请重新上传表格"
    assert await Beneficiary.all().count() == 1
    assert await Household.all().count() == 0
    assert await Guardian.all().count() == 0
    assert (await RosterImport.get()).state == "checked"


async def test_a_person_whom_somebody_corrected_meanwhile_is_not_overwritten(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    known = await make_beneficiary(phone="13805310001")
    body = await _uploaded(client, [person(身份证号=known.id_number, 联系电话="13805310002")], clerk)
    known.phone = "13805310003"
    await known.save()

    answer = await confirm(client, body["id"], headers=clerk)

    assert answer.json()["code"] == "rosters.outdated"
    assert (await Beneficiary.get()).phone == "13805310003"


async def test_a_guardian_added_meanwhile_asks_for_a_new_upload(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    known = await make_beneficiary()
    body = await _uploaded(client, [person(身份证号=known.id_number, 监护人姓名="李强")], clerk)
    await make_guardian(beneficiary=known)

    answer = await confirm(client, body["id"], headers=clerk)

    assert answer.json()["code"] == "rosters.outdated"


async def test_five_thousand_rows_are_judged_and_applied_correctly(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    known = [await make_beneficiary() for _ in range(3)]
    elsewhere = await make_beneficiary(region_code=SHIZHONG)
    people = [person() for _ in range(5000)]
    people[10] = person(身份证号=known[0].id_number)
    people[2000] = person(身份证号=known[1].id_number)
    people[3000] = person(身份证号=elsewhere.id_number)
    people[4000] = people[1000]
    people[4999] = person(救助类型="不知道")

    body = await _uploaded(client, people, clerk)
    done = await confirm(client, body["id"], headers=clerk, skip_bad=True)

    assert body["counts"] == counts(new=4994, update=2, conflict=3, error=1)
    assert done.status_code == 200, done.text
    assert await Beneficiary.all().count() == 4 + 4994
    conflicts = await rows_of(client, body["id"], headers=clerk, verdict="conflict")
    assert [row["row_number"] for row in conflicts] == [1002, 3002, 4002]
    pages = await client.get(f"/admin/v1/imports/{body['id']}/rows?limit=200&cursor=4900", headers=clerk)
    assert [row["row_number"] for row in pages.json()["items"]] == list(range(4901, 5002))
    assert pages.json()["next_cursor"] is None


async def test_the_trail_says_what_was_uploaded_and_applied(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    await import_all(client, roster([person(), person()]), headers=clerk)

    entries = await AuditEntry.filter(object_kind="import").order_by("id").values_list("action", "detail")
    expected = "kind=beneficiaries new=2 update=0 unchanged=0 conflict=0 error=0"
    assert entries == [("import.uploaded", expected), ("import.applied", expected)]


async def test_another_county_sees_nothing_of_an_import(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    body = await _uploaded(client, [person(姓名=None)], clerk)
    stranger = await staff_headers(client, org_code=SHIZHONG)
    path = f"/admin/v1/imports/{body['id']}"

    answers = [
        await client.get(path, headers=stranger),
        await client.get(f"{path}/rows", headers=stranger),
        await client.get(f"{path}/bad-rows.xlsx", headers=stranger),
        await confirm(client, body["id"], headers=stranger, skip_bad=True),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert (await client.get("/admin/v1/imports", headers=stranger)).json()["items"] == []


async def test_an_auditor_may_look_but_not_import(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    body = await _uploaded(client, [person()], clerk)
    auditor = await staff_headers(client, role="auditor")

    assert (await client.get(f"/admin/v1/imports/{body['id']}", headers=auditor)).status_code == 200
    assert (await confirm(client, body["id"], headers=auditor)).status_code == 403
    assert (await upload(client, roster([person()]), headers=auditor)).status_code == 403


async def test_uploads_nobody_confirmed_are_deleted_after_a_week(
    client: httpx.AsyncClient, clerk: dict[str, str], clock: FixedClock
) -> None:
    await _uploaded(client, [person()], clerk)
    await import_all(client, roster([person()]), headers=clerk)
    clock.advance(timedelta(days=6))
    later = await staff_headers(client, now=clock.now())
    fresh = await upload(client, roster([person()]), headers=later)

    dropped = await operations.drop_stale_imports(now=NOW + timedelta(days=7))

    assert dropped == 1
    left = await RosterImport.all().order_by("id")
    assert [roster.state for roster in left] == ["applied", "checked"]
    assert await RosterRow.filter(roster_id=fresh.json()["id"]).count() == 1
    assert await operations.drop_stale_imports(now=NOW + timedelta(days=7)) == 0


async def test_the_trail_names_every_person_whose_record_was_made_or_changed(
    client: httpx.AsyncClient, clerk: dict[str, str], clock: FixedClock
) -> None:
    liu = person()
    await import_all(client, roster([liu]), headers=clerk)
    clock.advance(timedelta(minutes=5))
    await import_all(client, roster([liu | {"家庭住址": "泉城路9号"}, person()]), headers=clerk)

    deeds = await AuditEntry.filter(object_kind="beneficiary").order_by("id")

    assert [deed.action for deed in deeds] == [
        "beneficiary.created",
        "beneficiary.updated",
        "beneficiary.created",
    ]
    assert deeds[0].object_id == deeds[1].object_id


async def test_what_was_imported_is_kept_for_a_season_and_no_longer(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    await import_all(client, roster([person()]), headers=clerk)

    assert await operations.drop_stale_imports(now=NOW + timedelta(days=89)) == 0
    assert await operations.drop_stale_imports(now=NOW + timedelta(days=91)) == 1
    assert await RosterRow.all().count() == 0


async def test_the_list_of_imports_begins_with_the_latest(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    for _ in range(3):
        await _uploaded(client, [person()], clerk)

    first = (await client.get("/admin/v1/imports?limit=2", headers=clerk)).json()
    second = (
        await client.get(f"/admin/v1/imports?limit=2&cursor={first['next_cursor']}", headers=clerk)
    ).json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    assert second["next_cursor"] is None


async def test_cadres_are_registered_changed_and_left_alone(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    known = await make_cadre(name="孙建国", phone="13905310011", unit="历下区残联", post="主任")
    row = {
        "姓名": "赵敏",
        "手机号": 13905310012,
        "单位": "历下区残联",
        "部门": "维权科",
        "职务": "科长",
        "级别": "副科级",
    }
    content = roster(
        [
            row,
            {
                "姓名": "孙建国",
                "手机号": "139-0531-0011",
                "单位": "历下区残联",
                "职务": "理事长",
                "级别": "处级及以上",
            },
        ],
        headers=CADRE_HEADERS,
    )

    done = await import_all(client, content, headers=clerk, kind="cadres")

    assert done == counts(new=1, update=1)
    newcomer = await Cadre.get(name="赵敏")
    assert (newcomer.unit, newcomer.post, newcomer.rank) == ("历下区残联", "维权科科长", "section")
    assert (newcomer.phone, newcomer.status) == ("13905310012", "active")
    changed = await Cadre.get(id=known.id)
    assert (changed.post, changed.rank) == ("理事长", "division")
    assert await import_all(client, content, headers=clerk, kind="cadres") == counts(unchanged=2)


async def test_a_phone_of_somebody_else_is_a_conflict(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    await make_cadre(name="孙建国", phone="13905310011")
    await make_cadre(name="周桂兰", phone="13905310012", org_code=SHIZHONG)
    await make_cadre(name="钱进", phone="13905310013", status="retired")
    rows = [
        {"姓名": "孙建军", "手机号": "13905310011", "单位": "办公室"},
        {"姓名": "周桂兰", "手机号": "13905310012", "单位": "办公室"},
        {"姓名": "钱进", "手机号": "13905310013", "单位": "办公室"},
        {"姓名": "吴霞", "手机号": "13905310014", "单位": "办公室"},
        {"姓名": "吴霞", "手机号": "13905310014", "单位": "教就部"},
    ]

    uploaded = await upload(client, roster(rows, headers=CADRE_HEADERS), headers=clerk, kind="cadres")

    assert uploaded.json()["counts"] == counts(conflict=5)
    found = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert [row["problems"][0]["sentence"] for row in found] == [
        "该手机号已登记在另一位干部名下，请核对；如果只是姓名写错，请在干部页面修改",
        "该手机号已在其他残联登记",
        "该干部在系统中为“已退休”，请先核实，恢复在岗后再导入",
        "与第6行的手机号相同，请核对后只保留一行",
        "与第5行的手机号相同，请核对后只保留一行",
    ]


async def test_a_city_imports_its_own_cadres(client: httpx.AsyncClient, db: None) -> None:
    city = await staff_headers(client, org_code="370100")
    content = roster([{"姓名": "赵敏", "手机号": "13905310012", "单位": "济南市残联"}], headers=CADRE_HEADERS)

    await import_all(client, content, headers=city, kind="cadres")

    assert (await Cadre.get()).org_code == "370100"


async def test_of_two_counties_that_confirm_the_same_person_at_once_one_is_told_to_look_again(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    neighbour = await staff_headers(client, org_code=SHIZHONG)
    content = roster([person(), person()])
    ours = (await upload(client, content, headers=clerk)).json()["id"]
    theirs = (await upload(client, content, headers=neighbour)).json()["id"]

    answers = await asyncio.gather(
        confirm(client, ours, headers=clerk), confirm(client, theirs, headers=neighbour)
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(set(await Beneficiary.all().values_list("region_code", flat=True))) == 1
    assert await Beneficiary.all().count() == 2


async def test_no_more_than_two_tables_are_read_at_once(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    content = roster([person()])

    answers = await asyncio.gather(*(upload(client, content, headers=clerk) for _ in range(3)))

    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.json()["code"] for answer in refused] == ["rosters.busy"]
    assert refused[0].headers["retry-after"] == "60"
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429]
