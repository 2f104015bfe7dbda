"""Proposals of pairs at the screen: asked for, changed by hand, locked, accepted; numbers for those above."""

from app.accounts.enums import StaffRole
from app.pairing.enums import ProposalState
from app.pairing.models import Pairing, PairingProposal, PairingProposalPair
from tests.accounts.factories import JINAN, SHIZHONG
from tests.console.conftest import SignedIn
from tests.pairing.factories import make_pairing, make_proposal
from tests.people.factories import make_beneficiary, make_cadre


async def test_a_proposal_is_asked_for_and_its_progress_shown(signed_in: SignedIn) -> None:
    await make_beneficiary()
    browser = await signed_in()
    await browser.open("/console/proposals")

    page = await browser.press("生成结对方案")

    assert page.heading == "历下区的结对方案"
    assert "已算完0组" in page.words
    assert '<meta http-equiv="refresh"' in page.html
    await browser.open("/console/proposals")
    assert (await browser.press("生成结对方案")).status == 409
    await browser.open("/console/proposals")
    await browser.click("历下区")
    page = await browser.press("确定取消")
    assert (await PairingProposal.get()).state is ProposalState.CANCELLED


async def test_pairs_are_read_with_their_reasons_changed_locked_and_accepted(signed_in: SignedIn) -> None:
    pairing = await make_pairing(
        beneficiary=await make_beneficiary(name="王小四"), cadre=await make_cadre(name="孙建国")
    )
    proposal = await make_proposal(pairing)
    other = await make_cadre(name="赵大敏")
    browser = await signed_in()
    page = await browser.open(f"/console/proposals/{proposal.id}")
    assert "继续原结对" in page.words
    assert "王*四" in page.words

    page = await browser.press("锁定勾选的", beneficiary_ids=str(pairing.beneficiary_id), locked="true")
    assert "已锁定" in page.words
    await browser.click("改")
    page = await browser.press("指定", cadre_id=str(other.id))
    assert "赵*敏" in page.words
    assert (await PairingProposalPair.get()).locked
    page = await browser.press("采纳方案")

    assert "已采纳" in page.words
    assert not page.has_button("采纳方案")
    assert await Pairing.filter(cadre_id=other.id).exists()


async def test_above_there_are_numbers_next_door_nothing_and_an_auditor_only_reads(
    signed_in: SignedIn,
) -> None:
    pairing = await make_pairing(beneficiary=await make_beneficiary(name="王小四"))
    proposal = await make_proposal(pairing)
    path = f"/console/proposals/{proposal.id}"
    city, next_door = await signed_in(org_code=JINAN), await signed_in(org_code=SHIZHONG)
    auditor, clerk = await signed_in(role=StaffRole.AUDITOR), await signed_in(role=StaffRole.CLERK)

    page = await city.open(path)
    assert "共1人" in page.words
    assert "王*四" not in page.words
    assert (await next_door.open(path)).status == 404
    assert (await next_door._client.post(f"{path}/accept", data={})).status_code == 404
    assert not (await clerk.open(path)).has_button("采纳方案")
    assert [one.text for one in (await auditor.open(path)).forms if one.text] == ["退出登录"]
    assert (await auditor._client.post(f"{path}/cancel")).status_code == 403
