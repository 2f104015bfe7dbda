"""Words that a person has to read: by whom, and by whom not."""

import httpx

from app.core import sql
from app.needs.models import Inquiry, Opinion
from tests.accounts.factories import JINAN, SHIZHONG
from tests.needs.factories import Desk, make_inquiry, make_opinion
from tests.pairing.factories import make_pairing
from tests.people.factories import make_guardian


async def test_a_question_stands_on_the_list_of_the_cadre_and_of_the_county_until_one_answers(
    client: httpx.AsyncClient,
) -> None:
    liu = await make_pairing()
    guardian = await make_guardian(beneficiary=await liu.beneficiary)
    inquiry = await make_inquiry(guardian)
    sun, county = await Desk.of_cadre(client, liu.cadre_id), await Desk.of_staff(client)
    listed = [await desk.get("/inquiries") for desk in (sun, county)]

    answered = await sun.post(f"/inquiries/{inquiry.id}/answer", text="每月15日前发")
    late = await county.post(f"/inquiries/{inquiry.id}/answer", text="每月15日前发")

    assert [[item["id"] for item in page["items"]] for page in listed] == [[inquiry.id]] * 2
    assert listed[0]["items"][0]["guardian"] == "王*兰"
    assert (answered.status_code, answered.json()["answered_by_label"]) == (200, "帮扶干部")
    assert (late.status_code, late.json()["code"]) == (409, "needs.already_answered")
    assert (await sun.get("/inquiries"))["items"] == []


async def test_the_same_push_is_one_question(client: httpx.AsyncClient) -> None:
    guardian = await make_guardian()

    first = await make_inquiry(guardian, evidence="push:7")
    again = await make_inquiry(guardian, evidence="push:7")

    assert first.id == again.id
    assert await Inquiry.all().count() == 1


async def test_neither_another_cadre_nor_the_next_county_reads_it(client: httpx.AsyncClient) -> None:
    liu, other = await make_pairing(), await make_pairing()
    inquiry = await make_inquiry(await make_guardian(beneficiary=await liu.beneficiary))
    strangers = [
        await Desk.of_cadre(client, other.cadre_id),
        await Desk.of_staff(client, org_code=SHIZHONG),
    ]

    for stranger in strangers:
        assert (await stranger.get("/inquiries"))["items"] == []
        answer = await stranger.post(f"/inquiries/{inquiry.id}/answer", text="好的")
        assert (answer.status_code, answer.json()["code"]) == (404, "needs.inquiry_not_found")


async def test_an_opinion_is_read_and_answered_one_level_above_and_names_nobody(
    client: httpx.AsyncClient,
) -> None:
    liu = await make_pairing()
    opinion = await make_opinion(await make_guardian(beneficiary=await liu.beneficiary))
    county, city = await Desk.of_staff(client), await Desk.of_staff(client, org_code=JINAN)

    seen = (await city.get("/opinions"))["items"]
    answered = await city.post(f"/opinions/{opinion.id}/answer", text="已请区残联改进")

    assert [item["text"] for item in seen] == ["希望多上门看看"]
    assert "guardian" not in seen[0]
    assert answered.json()["state"] == "answered"
    assert (await county.get("/opinions"))["items"] == []
    assert (await county.post(f"/opinions/{opinion.id}/answer", text="知道了")).status_code == 404


async def test_opinions_and_answers_are_sealed(client: httpx.AsyncClient) -> None:
    opinion = await make_opinion(await make_guardian())
    city = await Desk.of_staff(client, org_code=JINAN)
    await city.post(f"/opinions/{opinion.id}/answer", text="收到")

    (row,) = await sql.fetch("SELECT text, answer FROM opinion")

    assert row["text"].startswith("enc:v1:")
    assert row["answer"].startswith("enc:v1:")
    assert (await Opinion.get(id=opinion.id)).answer == "收到"


async def test_an_auditor_reads_and_answers_nothing(client: httpx.AsyncClient) -> None:
    inquiry = await make_inquiry(await make_guardian())
    auditor = await Desk.of_staff(client, role="auditor")

    answer = await auditor.post(f"/inquiries/{inquiry.id}/answer", text="好")

    assert answer.status_code == 403
    assert len((await auditor.get("/inquiries"))["items"]) == 1
