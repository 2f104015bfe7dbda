"""One demo county, planted once: real division codes, invented people, a year that is under way.

The ID numbers pass every check and belong to nobody: no county ever had the code 379999.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count, cycle, islice

from app.accounts.enums import StaffRole
from app.accounts.models import Staff
from app.accounts.operations import create_staff
from app.accounts.rules import Scope, scope_of_staff
from app.audit.operations import SYSTEM
from app.contacts.enums import ContactChannel, ContactKind
from app.contacts.operations import record_contact
from app.contacts.rules import Tap
from app.core.clock import china_date, china_moment
from app.orgs.operations import plant_tree
from app.pairing import operations as pairing
from app.pairing.models import Pairing
from app.pairing.rules import WantedPairing
from app.people import operations as people
from app.people.enums import CadreRank, GuardianRelation, Relief, Residence
from app.people.operations import NewBeneficiary, NewCadre, NewGuardian
from app.policies import operations as policies

COUNTY = "370102"  # 济南市历下区
PROVINCE = "370000"
DEMO_PASSWORD = "山东连心demo2026"  # noqa: S105 - printed by the demo, refused in production
_INVENTED_REGION = "379999"
_PEOPLE = 24


@dataclass(frozen=True)
class DemoPerson:
    """Somebody whom a visitor of the demo can play."""

    name: str
    phone: str


@dataclass(frozen=True)
class DemoLogin:
    """An account of the console."""

    username: str
    display_name: str
    org_code: str


DEMO_CADRE = DemoPerson("孙建国", "13905310001")
DEMO_GUARDIAN = DemoPerson("王秀兰", "13705310001")
DEMO_LOGINS = (
    DemoLogin("lixia1", "历下区残联 · 周敏（起草）", COUNTY),
    DemoLogin("lixia2", "历下区残联 · 郑和平（审批）", COUNTY),
    DemoLogin("shandong", "省残联 · 于海", PROVINCE),
)

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = ("桂英", "小四", "建华", "玉兰", "国强", "秀珍", "志明", "春梅", "德福", "晓雨", "长顺", "凤霞")
_CADRES = ("钱立新", "郑海燕", "冯晓东", "韩雪梅", "曹志刚", "邓小川", "许文博")
_TOWNS = ("解放路街道", "千佛山街道", "趵突泉街道", "泉城路街道")
# Of the 27 example measures, those that a visitor understands without reading the rest.
_POLICIES = frozenset(
    {
        "living_sub",
        "care_sub",
        "tekun_support",
        "med_ins",
        "pension_pay",
        "public_job",
        "bus_free",
        "home_mod",
    }
)
_RELIEFS = (Relief.DIBAO_RURAL, Relief.DIBAO_URBAN, Relief.TEKUN_DISPERSED)
# Category and grade as digits 19 and 20 of the certificate tell them.
_CERTIFICATE_TAILS = ("41", "12", "21", "52", "62", "42", "71", "11")


async def plant_demo(*, now: datetime) -> None:
    """Plant the tree of federations and the demo county, unless somebody already has an account."""
    await plant_tree()
    if await Staff.exists():
        return
    for login in DEMO_LOGINS:
        await create_staff(
            username=login.username,
            display_name=login.display_name,
            password=DEMO_PASSWORD,
            org_code=login.org_code,
            role=StaffRole.ADMIN,
            now=now,
        )
    cadres = await _plant_cadres(now=now)
    beneficiaries = await _plant_beneficiaries(now=now)
    await _pair(cadres, beneficiaries, now=now)
    await _let_some_months_pass(now=now)
    await _publish_policies(now=now)


async def _plant_cadres(*, now: datetime) -> list[int]:
    scope = scope_of_staff(org_code=COUNTY)
    phones = (f"1390531{number:04d}" for number in count(2))
    persons = [DEMO_CADRE, *(DemoPerson(name, phone) for name, phone in zip(_CADRES, phones, strict=False))]
    planted = []
    for person in persons:
        new = NewCadre(
            org_code=COUNTY, name=person.name, phone=person.phone, rank=CadreRank.SECTION, unit="历下区残联"
        )
        planted.append((await people.create_cadre(scope=scope, actor=SYSTEM, person=new, now=now)).id)
    return planted


async def _plant_beneficiaries(*, now: datetime) -> list[int]:
    scope = scope_of_staff(org_code=COUNTY)
    planted = []
    for number, person in enumerate(islice(_invented_people(), _PEOPLE)):
        beneficiary = await people.create_beneficiary(scope=scope, actor=SYSTEM, person=person, now=now)
        planted.append(beneficiary.id)
        guardian = NewGuardian(
            name=DEMO_GUARDIAN.name if number == 0 else f"{person.name[0]}家人",
            phone=DEMO_GUARDIAN.phone if number == 0 else f"1370531{number + 1:04d}",
            relation=GuardianRelation.PARENT if number == 0 else GuardianRelation.OTHER_RELATIVE,
        )
        if number % 2 == 0:
            await people.create_guardian(
                scope=scope, actor=SYSTEM, beneficiary_id=beneficiary.id, person=guardian, now=now
            )
    return planted


def _invented_people() -> Iterator[NewBeneficiary]:
    endless = zip(
        cycle(_SURNAMES),
        cycle(_GIVEN),
        cycle(_TOWNS),
        cycle(_RELIEFS),
        cycle(_CERTIFICATE_TAILS),
        count(),
        strict=False,
    )
    for surname, given, town, relief, tail, number in endless:
        id_number = _id_number(date(1948, 3, 1) + timedelta(days=1009 * number), sequence=100 + number)
        yield NewBeneficiary(
            region_code=COUNTY,
            name=surname + given,
            id_number=id_number,
            certificate=id_number + tail,
            relief=relief,
            residence=Residence.URBAN if relief is Relief.DIBAO_URBAN else Residence.RURAL,
            town=town,
            household_code=f"LX{number // 2 if number % 6 == 1 else number:03d}",
            kept_by_elderly=number % 9 == 0,
            phone=f"1350531{number:04d}",
            address=f"济南市历下区{town}{number + 1}号",
        )


def _id_number(born_on: date, *, sequence: int) -> str:
    digits = f"{_INVENTED_REGION}{born_on:%Y%m%d}{sequence:03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


async def _pair(cadres: list[int], beneficiaries: list[int], *, now: datetime) -> None:
    today = china_date(now)
    wanted = [
        WantedPairing(beneficiary_id, cadre_id, today - timedelta(days=60 + 11 * number))
        for number, (beneficiary_id, cadre_id) in enumerate(zip(beneficiaries, cycle(cadres), strict=False))
    ]
    await pairing.start_pairings(scope=scope_of_staff(org_code=COUNTY), wanted=wanted, actor=SYSTEM, now=now)


async def _let_some_months_pass(*, now: datetime) -> None:
    """Record what the cadres did so far; every third family has not been reached yet."""
    today = china_date(now)
    for number, pairing_row in enumerate(await Pairing.all().order_by("id").limit(_PEOPLE)):
        if number % 3 == 2:  # noqa: PLR2004 - every third
            continue
        for turn in range(1 + number % 3):
            day = pairing_row.started_on + timedelta(days=9 + 61 * turn)
            if day >= today:
                break
            is_visit = turn == 1
            tap = Tap(
                client_id=f"demo-{number}-{turn}",
                pairing_id=pairing_row.id,
                kind=ContactKind.VISIT if is_visit else ContactKind.CONTACT,
                channel=ContactChannel.IN_PERSON if is_visit else ContactChannel.CALL,
            )
            await record_contact(
                scope=Scope(cadre_id=pairing_row.cadre_id), tap=tap, now=china_moment(day, 10, number)
            )


async def _publish_policies(*, now: datetime) -> None:
    """Publish a few example measures for the province: put in by the service, answered for by its admin."""
    scope = scope_of_staff(org_code=PROVINCE)
    service = policies.Author(staff_id=None, org_code=PROVINCE, scope=scope, actor=SYSTEM)
    admin = await Staff.filter(org_code=PROVINCE).order_by("id").first()
    publisher = policies.Author(
        staff_id=admin.id if admin else None, org_code=PROVINCE, scope=scope, actor=SYSTEM
    )
    for draft in await policies.plant_examples(author=service, now=now, only=_POLICIES):
        submitted = await policies.submit(policy_id=draft.id, author=service, now=now)
        await policies.publish(
            policy_id=draft.id, seen_hash=submitted.content_hash, author=publisher, now=now
        )
