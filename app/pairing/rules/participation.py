"""Who takes part (参与人员): who has to, who may, who goes on after retiring, and who is excused."""

from dataclasses import dataclass

from app.pairing.enums import Participation
from app.people.enums import CadreRank, CadreStatus

SHORTEST_EXCUSE = 4
LONGEST_EXCUSE = 200
_PROVINCE_TAIL = "0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipationFacts:
    """What decides about a cadre's part.

    Args:
        org_code: his federation.
        rank: his rank.
        status: whether he is at his post.
        leads_unit: whether he is of the leading body of a unit (领导班子成员); None is what nobody said.
        takes_part: what was agreed with him; None leaves it to his rank.
        excuse: why not, where it was agreed that he does not.
    """

    org_code: str
    rank: CadreRank
    status: CadreStatus = CadreStatus.ACTIVE
    leads_unit: bool | None = None
    takes_part: bool | None = None
    excuse: str = ""


@dataclass(frozen=True, slots=True)
class ParticipationVerdict:
    """A cadre's part, with the sentence that tells why."""

    part: Participation
    sentence: str


def duty(facts: ParticipationFacts) -> str | None:
    """Return why a cadre at his post takes part without being asked, None where he is free to.

    官方方案 一(二): 省残联机关处级及以上领导干部、直属单位领导班子成员; 市、县级残联机关原则上为科级及以上.
    """
    if facts.org_code.endswith(_PROVINCE_TAIL):
        if facts.rank is CadreRank.DIVISION:
            return "省残联处级及以上干部"
        return "省残联直属单位领导班子成员" if facts.leads_unit else None
    if facts.rank in {CadreRank.DIVISION, CadreRank.SECTION}:
        return "市、县级残联科级及以上干部"
    return None


def participation(facts: ParticipationFacts) -> ParticipationVerdict:
    """Return a cadre's part. What was agreed with him counts before his rank, and his post before both."""
    if facts.status is CadreStatus.LEFT:
        return ParticipationVerdict(Participation.GONE, "已调离，不再参加，由所在单位调整补充")
    return _retired(facts) if facts.status is CadreStatus.RETIRED else _at_his_post(facts)


def _at_his_post(facts: ParticipationFacts) -> ParticipationVerdict:
    reason = duty(facts)
    if facts.takes_part is False:
        why = facts.excuse or "没有填写原因"
        if reason is None:
            return ParticipationVerdict(Participation.MAY, f"可自愿参加，本人未参加：{why}")
        return ParticipationVerdict(Participation.EXCUSED, f"{reason}，登记为不参加：{why}")
    if reason is not None:
        return ParticipationVerdict(Participation.BY_DUTY, f"{reason}，应当参加")
    if facts.takes_part:
        return ParticipationVerdict(Participation.VOLUNTEER, "自愿参加")
    return ParticipationVerdict(Participation.MAY, "可自愿参加")


def _retired(facts: ParticipationFacts) -> ParticipationVerdict:
    # 官方方案 四(三): 退休离岗后仍然愿意参与的应当予以支持，并由原单位统一管理.
    if facts.takes_part:
        return ParticipationVerdict(Participation.GOES_ON, "已退休，愿意继续参加，由原单位统一管理")
    if facts.takes_part is None:
        return ParticipationVerdict(Participation.GONE, "已退休，没有登记愿意继续参加")
    return ParticipationVerdict(Participation.GONE, "已退休，不再参加")
