"""The roster of beneficiaries: every verdict, and what confirming it writes."""

from typing import Any

import httpx
import pytest

from app.core import sql
from app.people.enums import (
    BeneficiaryStatus,
    CertificateStatus,
    DisabilityCategory,
    GuardianRelation,
    Relief,
    Residence,
)
from app.people.models import Beneficiary, Guardian, Guardianship
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG, staff_headers
from tests.people.cast import LIU_GUIYING, OUYANG_MINGDE, WANG_XIAOSI, WANG_XIULAN
from tests.people.factories import fresh_id_number, make_beneficiary, make_guardian, make_household
from tests.rosters.factories import confirm, counts, import_all, person, roster, rows_of, upload


@pytest.fixture
async def clerk(client: httpx.AsyncClient) -> dict[str, str]:
    """Headers of a clerk of 历下区残联."""
    return await staff_headers(client, role="clerk")


def _full_row() -> dict[str, Any]:
    return person(
        姓名=WANG_XIAOSI.name,
        身份证号=WANG_XIAOSI.id_number,
        残疾人证号=WANG_XIAOSI.certificate,
        联系电话=WANG_XIAOSI.phone,
        户编号="GG-012",
        以老养残="否",
        监护人姓名=WANG_XIULAN.name,
        监护人电话=WANG_XIULAN.phone,
        与监护人关系="母亲",
    )


async def test_a_new_person_is_registered_with_guardian_and_household(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    done = await import_all(client, roster([_full_row()]), headers=clerk)

    assert done == counts(new=1)
    boy = await Beneficiary.get().prefetch_related("household")
    assert (boy.name, boy.id_number, boy.certificate) == (
        WANG_XIAOSI.name,
        WANG_XIAOSI.id_number,
        WANG_XIAOSI.certificate,
    )
    assert (boy.region_code, boy.town) == (LIXIA, "港沟街道")
    assert (boy.category, boy.grade) == (DisabilityCategory.INTELLECTUAL, 2)
    assert (boy.relief, boy.residence) == (Relief.DIBAO_RURAL, Residence.RURAL)
    assert (boy.status, boy.certificate_status) == (BeneficiaryStatus.ACTIVE, CertificateStatus.VALID)
    assert (boy.phone, boy.address) == (WANG_XIAOSI.phone, "济南市历下区港沟街道神武村12号")
    assert boy.born_on.isoformat() == "2014-06-01"
    assert boy.household is not None
    assert boy.household.code == "GG-012"
    tie = await Guardianship.get().prefetch_related("guardian")
    assert (tie.beneficiary_id, tie.relation) == (boy.id, GuardianRelation.PARENT)
    assert (tie.guardian.name, tie.guardian.phone) == (WANG_XIULAN.name, WANG_XIULAN.phone)


async def test_the_same_file_twice_changes_nothing(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    content = roster(
        [_full_row(), person(监护人姓名="赵庆山"), person(残疾证状态="冻结", 联系电话="0531-88886666")]
    )
    await import_all(client, content, headers=clerk)
    before = await Beneficiary.all().order_by("id").values()

    again = await import_all(client, content, headers=clerk)

    assert again == counts(unchanged=3)
    assert await Beneficiary.all().order_by("id").values() == before
    assert await Guardian.all().count() == 2


async def test_a_changed_cell_is_an_update_and_an_empty_one_is_not(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    await import_all(client, roster([_full_row()]), headers=clerk)
    changed = {
        "姓名": WANG_XIAOSI.name,
        "身份证号": WANG_XIAOSI.id_number,
        "残疾人证号": f"{WANG_XIAOSI.id_number}51",
        "救助类型": "特困（分散）",
    }

    done = await import_all(client, roster([changed]), headers=clerk)

    assert done == counts(update=1)
    boy = await Beneficiary.get()
    assert (boy.grade, boy.relief, boy.certificate) == (1, Relief.TEKUN_DISPERSED, changed["残疾人证号"])
    assert (boy.phone, boy.town) == (WANG_XIAOSI.phone, "港沟街道")
    assert boy.household_id is not None


async def test_a_person_of_another_county_is_a_conflict_that_tells_nothing_else(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    other = await make_beneficiary(region_code=SHIZHONG, name="周桂兰", phone="13805319999")
    content = roster([person(身份证号=other.id_number, 联系电话=None)])

    uploaded = await upload(client, content, headers=clerk)

    assert uploaded.json()["counts"] == counts(conflict=1)
    (row,) = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert [problem["text"] for problem in row["problems"]] == ["B2 身份证号：已在其他县登记"]
    assert "周桂兰" not in str(row)
    assert "市中" not in str(row)
    assert "9999" not in str(row)


async def test_two_rows_for_one_person_are_both_conflicts(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    number = fresh_id_number()
    content = roster([person(身份证号=number), person(), person(身份证号=number, 家庭住址="别处")])

    uploaded = await upload(client, content, headers=clerk)

    assert uploaded.json()["counts"] == counts(new=1, conflict=2)
    first, second = await rows_of(client, uploaded.json()["id"], headers=clerk, verdict="conflict")
    assert first["problems"][0]["text"] == "B2 身份证号：与第4行是同一个人，请只保留一行"
    assert second["problems"][0]["text"] == "B4 身份证号：与第2行是同一个人，请只保留一行"


@pytest.mark.parametrize("status", [BeneficiaryStatus.DECEASED, BeneficiaryStatus.MOVED_AWAY])
async def test_somebody_who_is_gone_is_not_brought_back_by_a_list(
    client: httpx.AsyncClient, clerk: dict[str, str], status: BeneficiaryStatus
) -> None:
    gone = await make_beneficiary(status=status)

    uploaded = await upload(client, roster([person(身份证号=gone.id_number)]), headers=clerk)

    assert uploaded.json()["counts"] == counts(conflict=1)
    (row,) = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert status.label in row["problems"][0]["sentence"]


async def test_an_id_number_kept_as_a_number_is_refused_with_its_cell(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    row = person(身份证号=LIU_GUIYING.id_number) | {"身份证号": 379999195803120240}

    uploaded = await upload(client, roster([person(), row]), headers=clerk)

    (bad,) = await rows_of(client, uploaded.json()["id"], headers=clerk, verdict="error")
    assert bad["problems"][0]["text"] == ("B3 身份证号：以数字格式保存，末位可能已丢失，请改为文本后重新填写")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"姓名": None}, "A2 姓名：必填，不能为空"),
        ({"姓名": "刘桂英1"}, "A2 姓名：姓名只能是文字和间隔号，不能有数字或其他符号"),
        ({"身份证号": "379999195803120249"}, "B2 身份证号：身份证号校验位不符，请核对是否有数字填错"),
        ({"残疾人证号": "37999919711120033441"}, "C2 残疾人证号：残疾人证号前18位与身份证号不一致"),
        ({"残疾人证号": None}, "C2 残疾人证号：必填，不能为空"),
        ({"残疾证状态": "丢失"}, "D2 残疾证状态：只能填写：有效、冻结、注销、迁出"),
        (
            {"救助类型": "低保", "户口性质": None},
            "E2 救助类型：请写明低保（城镇）或低保（农村），或者填写户口性质",
        ),
        ({"户口性质": "集体"}, "F2 户口性质：只能填写：农村、城镇"),
        ({"联系电话": "8888"}, "I2 联系电话：应为11位手机号，或带区号的固定电话，例如0531-88886666"),
        ({"一户多残": "不清楚"}, "K2 一户多残：请填写“是”或“否”"),
        ({"监护人电话": "13705310021"}, "M2 监护人姓名：填写了监护人的电话或关系，请同时填写姓名"),
        (
            {"家庭住址": '=HYPERLINK("http://evil.example")'},
            "H2 家庭住址：是公式，请复制后“粘贴为数值”再上传",
        ),
    ],
    ids=lambda value: value.partition(" ")[0] if isinstance(value, str) else "",
)
async def test_every_wrong_cell_gets_its_address_and_a_sentence(
    client: httpx.AsyncClient, clerk: dict[str, str], changes: dict[str, Any], text: str
) -> None:
    row = person(身份证号=LIU_GUIYING.id_number) | changes

    uploaded = await upload(client, roster([row]), headers=clerk)

    assert uploaded.json()["counts"] == counts(error=1)
    (bad,) = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert [problem["text"] for problem in bad["problems"]] == [text]


async def test_what_clerks_usually_type_is_forgiven(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    number = "37999919580312023x"
    typed = person(
        姓名=" 王　芳 ",
        身份证号="３７９９９９ 19580312 023ｘ",
        残疾人证号=f"'{number}４１b1",
        残疾证状态="正常",
        救助类型="低保户",
        户口性质="农业户口",
        联系电话=13805310001,
        一户多残="√",
        与监护人关系="村委会",
        监护人姓名="王 建 国",
        监护人电话="+86 137-0531-0022",
    )

    done = await import_all(client, roster([typed]), headers=clerk)

    assert done == counts(new=1)
    woman = await Beneficiary.get()
    assert (woman.name, woman.id_number) == ("王芳", number.upper())
    assert woman.certificate == f"{number.upper()}41B1"
    assert (woman.relief, woman.residence) == (Relief.DIBAO_RURAL, Residence.RURAL)
    assert (woman.phone, woman.several_disabled_in_household) == ("13805310001", True)
    guardian = await Guardian.get()
    assert (guardian.name, guardian.phone) == ("王建国", "13705310022")


async def test_somebody_who_is_not_eligible_is_registered_with_a_remark(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    row = person(姓名=OUYANG_MINGDE.name, 身份证号=OUYANG_MINGDE.id_number, 救助类型="低保边缘")

    uploaded = await upload(client, roster([row]), headers=clerk)

    assert uploaded.json()["counts"] == counts(new=1)
    (judged,) = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert judged["problems"][0]["text"] == (
        "E2 救助类型：不符合帮扶条件：没有享受低保或特困供养。可以登记，不能结对"
    )


async def test_siblings_share_one_guardian_and_a_household_of_two_is_noted(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    family = {"户编号": "GG-7", "监护人姓名": "王秀兰", "监护人电话": "13705310021", "与监护人关系": "父母"}
    content = roster([person(**family), person(**family), person(户编号="GG-8")])

    await import_all(client, content, headers=clerk)

    assert await Guardian.all().count() == 1
    assert await Guardianship.all().count() == 2
    people = await Beneficiary.all().order_by("id")
    assert [person.several_disabled_in_household for person in people] == [True, True, False]
    assert await import_all(client, content, headers=clerk) == counts(unchanged=3)


async def test_guardians_without_phone_stay_apart(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    content = roster([person(监护人姓名="李强"), person(监护人姓名="李强")])

    await import_all(client, content, headers=clerk)

    assert await Guardian.all().count() == 2
    assert await Guardian.filter(phone_index=None).count() == 2
    assert await Guardianship.all().count() == 2


async def test_a_new_phone_of_a_guardian_keeps_the_guardian(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    boy = await make_beneficiary()
    mother = await make_guardian(beneficiary=boy, name="王秀兰", phone="13705310021")
    row = person(身份证号=boy.id_number, 监护人姓名="王秀兰", 监护人电话="13705310029")

    await import_all(client, roster([row]), headers=clerk)

    guardian = await Guardian.get()
    assert (guardian.id, guardian.phone) == (mother.id, "13705310029")
    assert await import_all(client, roster([row]), headers=clerk) == counts(unchanged=1)


async def test_two_phones_for_one_known_guardian_are_a_conflict(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    brother, sister = await make_beneficiary(), await make_beneficiary()
    mother = await make_guardian(beneficiary=brother, name="王秀兰")
    await Guardianship.create(guardian=mother, beneficiary=sister, relation=GuardianRelation.PARENT)
    rows = [
        person(身份证号=brother.id_number, 监护人姓名="王秀兰", 监护人电话="13705310021"),
        person(身份证号=sister.id_number, 监护人姓名="王秀兰", 监护人电话="13705310022"),
    ]

    uploaded = await upload(client, roster(rows), headers=clerk)

    assert uploaded.json()["counts"] == counts(conflict=2)
    first, _ = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert first["problems"][0]["text"] == ("N2 监护人电话：与第3行填写的同一位监护人的电话不一致，请核对")


async def test_a_household_that_exists_is_joined(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    household = await make_household(code="GG-1")
    await make_household(code="GG-1", region_code=SHIZHONG)
    await make_beneficiary(household=household)

    await import_all(client, roster([person(户编号="GG-1")]), headers=clerk)

    newcomer = await Beneficiary.all().order_by("-id").first()
    assert newcomer is not None
    assert (newcomer.household_id, newcomer.several_disabled_in_household) == (household.id, True)


async def test_only_a_county_takes_beneficiaries(client: httpx.AsyncClient, db: None) -> None:
    city = await staff_headers(client, org_code=JINAN)

    answer = await upload(client, roster([person()]), headers=city)

    assert answer.status_code == 403
    assert answer.json()["code"] == "rosters.county_only"


async def test_personal_data_is_sealed_while_it_waits(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    await upload(client, roster([_full_row()]), headers=clerk)

    (stored,) = await sql.fetch("SELECT cells, problems FROM roster_row")
    assert stored["cells"].startswith("enc:v1:")
    assert WANG_XIAOSI.id_number not in str(stored)


async def test_lists_show_masked_cells_only(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    row = _full_row() | {"乡镇（街道）": "港沟13805310077"}
    uploaded = await upload(client, roster([row]), headers=clerk)

    (shown,) = await rows_of(client, uploaded.json()["id"], headers=clerk)

    assert shown["cells"]["姓名"] == WANG_XIAOSI.masked
    assert shown["cells"]["身份证号"] == "3****************" + WANG_XIAOSI.id_number[-1]
    assert shown["cells"]["联系电话"] == "138******02"
    assert shown["cells"]["家庭住址"] == "济南市历下区****"
    assert shown["cells"]["乡镇（街道）"] == "港沟****"
    assert await confirm(client, uploaded.json()["id"], headers=clerk)
