"""The roster of pairings."""

from datetime import date, datetime

import httpx
import pytest

from app.audit.models import AuditEntry
from app.pairing.models import Pairing
from tests.accounts.factories import JINAN, SHIZHONG, staff_headers
from tests.pairing.factories import make_terms
from tests.people.factories import fresh_id_number, fresh_phone, make_beneficiary, make_cadre
from tests.rosters.factories import PAIRING_HEADERS, counts, import_all, rows_of, upload, workbook


@pytest.fixture
async def clerk(client: httpx.AsyncClient) -> dict[str, str]:
    return await staff_headers(client, role="clerk")


async def test_pairings_are_started_and_the_same_file_twice_changes_nothing(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    own, from_city = await make_cadre(), await make_cadre(org_code=JINAN)
    people = [await make_beneficiary() for _ in range(3)]
    content = workbook(
        PAIRING_HEADERS,
        [
            [own.phone, people[0].id_number, datetime(2026, 3, 1)],  # noqa: DTZ001 - a cell knows no zone
            [int(from_city.phone), people[1].id_number, "2026年3月2日"],
            [own.phone, people[2].id_number, 20260303],
        ],
    )

    done = await import_all(client, content, headers=clerk, kind="pairings")

    assert done == counts(new=3)
    started = await Pairing.all().order_by("id").values_list("beneficiary_id", "cadre_id", "started_on")
    assert started == [
        (people[0].id, own.id, date(2026, 3, 1)),
        (people[1].id, from_city.id, date(2026, 3, 2)),
        (people[2].id, own.id, date(2026, 3, 3)),
    ]
    assert await AuditEntry.filter(action="pairing.started").count() == 3
    assert await import_all(client, content, headers=clerk, kind="pairings") == counts(unchanged=3)


async def test_every_reason_not_to_pair_is_told_at_its_cell(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    cadre, retired = await make_cadre(), await make_cadre(status="retired")
    stranger = await make_cadre(org_code=SHIZHONG)
    elsewhere = await make_beneficiary(region_code=SHIZHONG)
    person, twice = await make_beneficiary(), await make_beneficiary()
    rows = [
        [cadre.phone, fresh_id_number(), "2026-03-01"],
        [cadre.phone, elsewhere.id_number, "2026-03-01"],
        [fresh_phone(), person.id_number, "2026-03-01"],
        [stranger.phone, (await make_beneficiary()).id_number, "2026-03-01"],
        [retired.phone, (await make_beneficiary()).id_number, "2026-03-01"],
        [cadre.phone, (await make_beneficiary()).id_number, "2019-03-01"],
        [cadre.phone, (await make_beneficiary(grade=3)).id_number, "2026-03-01"],
        [cadre.phone, (await make_beneficiary()).id_number, "2026-02-30"],
        [cadre.phone, twice.id_number, "2026-03-01"],
        [cadre.phone, twice.id_number, "2026-03-01"],
    ]

    uploaded = await upload(client, workbook(PAIRING_HEADERS, rows), headers=clerk, kind="pairings")

    found = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert [(row["verdict"], row["problems"][0]["text"]) for row in found] == [
        ("conflict", "B2 帮扶对象身份证号：本县没有登记该帮扶对象，请先导入帮扶对象"),
        ("conflict", "B3 帮扶对象身份证号：本县没有登记该帮扶对象，请先导入帮扶对象"),
        ("conflict", "A4 干部手机号：没有找到使用该手机号的帮扶干部，请先导入帮扶干部"),
        ("conflict", "A5 干部手机号：没有找到使用该手机号的帮扶干部，请先导入帮扶干部"),
        ("conflict", "A6 干部手机号：该干部已退休，没有登记愿意继续参加，不能新结对"),
        ("conflict", "C7 结对日期：结对日期不能早于2024年1月17日，即专项工作开始的日期"),
        ("conflict", "B8 帮扶对象身份证号：不符合帮扶对象条件：残疾等级不是一级或二级"),
        ("error", "C9 结对日期：这个日期不存在，请核对"),
        ("conflict", "B10 帮扶对象身份证号：与第11行是同一位帮扶对象，请只保留一行"),
        ("conflict", "B11 帮扶对象身份证号：与第10行是同一位帮扶对象，请只保留一行"),
    ]


async def test_a_stated_capacity_holds_for_the_whole_file(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    small, excused = await make_cadre(), await make_cadre()
    await make_terms(small, capacity=1)
    await make_terms(excused, takes_part=False, excuse="产假至年底")
    people = [await make_beneficiary() for _ in range(3)]
    rows = [
        [small.phone, people[0].id_number, "2026-03-01"],
        [small.phone, people[1].id_number, "2026-03-01"],
        [excused.phone, people[2].id_number, "2026-03-01"],
    ]

    uploaded = await upload(client, workbook(PAIRING_HEADERS, rows), headers=clerk, kind="pairings")

    found = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert [(row["verdict"], *(problem["text"] for problem in row["problems"])) for row in found] == [
        ("new",),
        (
            "conflict",
            "A3 干部手机号：该干部可结对1户，已有1户；请选择其他干部，或者先调整他的可结对户数",
        ),
        ("conflict", "A4 干部手机号：帮扶干部登记为不参加，不能新结对"),
    ]


async def test_only_a_county_pairs(client: httpx.AsyncClient, db: None) -> None:
    city = await staff_headers(client, org_code=JINAN)

    answer = await upload(client, workbook(PAIRING_HEADERS, [["1", "2", "3"]]), headers=city, kind="pairings")

    assert answer.json()["code"] == "rosters.county_only"
