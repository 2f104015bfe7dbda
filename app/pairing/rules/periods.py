"""Decisions about pairings that need no database: periods, dates, and who may be paired with whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.accounts.rules import region_prefix
from app.core.clock import chinese_day
from app.pairing.enums import PairingOutcome, PairingRefusal
from app.people.enums import BeneficiaryStatus, CadreStatus
from app.people.rules import Eligibility

# 鲁残联办发〔2024〕2号 bears this date; no pairing of the scheme can be older.
SCHEME_BEGAN = date(2024, 1, 17)
# A rotation is planned for the coming year; a date further away is a slip of the pen.
PLANNED_AHEAD = timedelta(days=366)
# 官方方案 二: 联系帮扶对象原则上每2年调整一次.
ROTATION_YEARS = 2


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `started_on` up to, not including, `ended_on`; None is an open end."""

    started_on: date
    ended_on: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the day lies in this period."""
        return self.started_on <= day and (self.ended_on is None or day < self.ended_on)

    def overlaps(self, other: "Period") -> bool:
        """Tell whether both periods share a day; one that ended on its first day has none to share."""
        begin = max(self.started_on, other.started_on)
        ends = [end for end in (self.ended_on, other.ended_on) if end is not None]
        return not ends or begin < min(ends)


@dataclass(frozen=True, slots=True)
class WantedPairing:
    """That this cadre shall accompany this beneficiary from this day on."""

    beneficiary_id: int
    cadre_id: int
    started_on: date


@dataclass(frozen=True, slots=True)
class BeneficiaryFacts:
    """What pairing asks about a beneficiary."""

    region_code: str
    status: BeneficiaryStatus
    eligibility: Eligibility


@dataclass(frozen=True, slots=True)
class Family:
    """That a cadre accompanies this beneficiary during a period."""

    beneficiary_id: int
    period: Period


@dataclass(frozen=True, slots=True)
class CadreFacts:
    """What pairing asks about a cadre.

    Args:
        org_code: his federation.
        status: whether he is at his post.
        takes_part: what was agreed with him; None leaves it to his rank.
        capacity: with how many families at most; None where nobody said.
        families: whom he accompanies; needed only where `capacity` is known.
    """

    org_code: str
    status: CadreStatus
    takes_part: bool | None = None
    capacity: int | None = None
    families: Sequence[Family] = ()


@dataclass(frozen=True, slots=True)
class KnownPairing:
    """A pairing that a beneficiary has or had."""

    cadre_id: int
    period: Period


@dataclass(frozen=True, slots=True)
class PairingFacts:
    """Everything that decides about a list of wanted pairings, by id; who is missing is unknown to us."""

    beneficiaries: Mapping[int, BeneficiaryFacts]
    cadres: Mapping[int, CadreFacts]
    pairings: Mapping[int, Sequence[KnownPairing]]


@dataclass(frozen=True, slots=True)
class PairingVerdict:
    """What one wanted pairing comes to; a refusal has its reason and a sentence for the clerk."""

    outcome: PairingOutcome
    refusal: PairingRefusal | None = None
    sentence: str = ""
    reasons: tuple[str, ...] = ()


_STARTS = PairingVerdict(outcome=PairingOutcome.STARTS)
_ALREADY = PairingVerdict(outcome=PairingOutcome.ALREADY, sentence=PairingOutcome.ALREADY.label)


def judge_pairings(
    wanted: Sequence[WantedPairing], *, facts: PairingFacts, today: date
) -> tuple[PairingVerdict, ...]:
    """Return one verdict per wanted pairing, in the same order.

    The list is judged from top to bottom: a beneficiary wanted twice is paired by the first line that may.
    A pairing that exists exactly so is no refusal, so a roster can be read in again.
    """
    known = {beneficiary: list(pairings) for beneficiary, pairings in facts.pairings.items()}
    new: dict[int, list[Period]] = {}
    verdicts = []
    for item in wanted:
        taken = known.setdefault(item.beneficiary_id, [])
        verdict = _verdict(item, facts=facts, taken=taken, today=today)
        if verdict.outcome is PairingOutcome.STARTS:
            verdict = (
                _capacity_refusal(item, facts=facts, new=new.get(item.cadre_id, ()), today=today) or verdict
            )
        if verdict.outcome is PairingOutcome.STARTS:
            period = Period(item.started_on)
            taken.append(KnownPairing(cadre_id=item.cadre_id, period=period))
            new.setdefault(item.cadre_id, []).append(period)
        verdicts.append(verdict)
    return tuple(verdicts)


def _verdict(
    item: WantedPairing, *, facts: PairingFacts, taken: Sequence[KnownPairing], today: date
) -> PairingVerdict:
    beneficiary = facts.beneficiaries.get(item.beneficiary_id)
    if beneficiary is None:
        return _refused(PairingRefusal.BENEFICIARY_UNKNOWN)
    cadre = facts.cadres.get(item.cadre_id)
    # A county pairs its own people with its own cadres and with those of its city and province.
    if cadre is None or not beneficiary.region_code.startswith(region_prefix(cadre.org_code)):
        return _refused(PairingRefusal.CADRE_UNKNOWN)
    wish = KnownPairing(cadre_id=item.cadre_id, period=Period(item.started_on))
    if wish in taken:
        return _ALREADY
    return (
        _date_refusal(item.started_on, today=today)
        or _person_refusal(beneficiary, cadre)
        or _overlap_refusal(wish.period, taken)
        or _STARTS
    )


def _date_refusal(started_on: date, *, today: date) -> PairingVerdict | None:
    if started_on < SCHEME_BEGAN:
        return _refused(
            PairingRefusal.START_TOO_EARLY,
            f"结对日期不能早于{chinese_day(SCHEME_BEGAN)}，即专项工作开始的日期",
        )
    if started_on > today + PLANNED_AHEAD:
        return _refused(PairingRefusal.START_TOO_LATE)
    return None


def _person_refusal(beneficiary: BeneficiaryFacts, cadre: CadreFacts) -> PairingVerdict | None:
    # 官方方案 四(三): 退休离岗后仍愿意参与的应当予以支持: whoever said that he goes on is paired like others.
    if cadre.status is CadreStatus.RETIRED and not cadre.takes_part:
        return _refused(PairingRefusal.CADRE_NOT_ACTIVE, "该干部已退休，没有登记愿意继续参加，不能新结对")
    if cadre.status is CadreStatus.LEFT:
        return _refused(PairingRefusal.CADRE_NOT_ACTIVE, f"该干部{cadre.status.label}，不能新结对")
    if cadre.takes_part is False:
        return _refused(PairingRefusal.CADRE_TAKES_NO_PART)
    reasons = eligibility_reasons(beneficiary)
    if reasons:
        return PairingVerdict(
            outcome=PairingOutcome.REFUSED,
            refusal=PairingRefusal.NOT_ELIGIBLE,
            sentence="不符合帮扶对象条件：" + "，".join(reasons),
            reasons=reasons,
        )
    return None


def eligibility_reasons(beneficiary: BeneficiaryFacts) -> tuple[str, ...]:
    """Return in words why nobody can be paired with this person, nothing when somebody can."""
    gone = () if beneficiary.status is BeneficiaryStatus.ACTIVE else (beneficiary.status.label,)
    found = (*beneficiary.eligibility.failed, *beneficiary.eligibility.missing)
    return (*gone, *(reason.label for reason in found))


def _overlap_refusal(period: Period, taken: Sequence[KnownPairing]) -> PairingVerdict | None:
    for pairing in taken:
        if pairing.period.overlaps(period):
            return _refused(PairingRefusal.OVERLAPS, overlap_sentence(pairing.period))
    return None


def _capacity_refusal(
    item: WantedPairing, *, facts: PairingFacts, new: Sequence[Period], today: date
) -> PairingVerdict | None:
    cadre = facts.cadres[item.cadre_id]
    if cadre.capacity is None:
        return None
    periods = [*(family.period for family in cadre.families), *new]
    # Days that are over are no burden any more.
    families = most_at_once(periods, since=max(item.started_on, today))
    if families < cadre.capacity:
        return None
    return _refused(
        PairingRefusal.CAPACITY_EXCEEDED, capacity_sentence(families=families, capacity=cadre.capacity)
    )


def most_at_once(periods: Sequence[Period], *, since: date) -> int:
    """Return how many of these periods there are at most on one day from `since` on."""
    days = [since, *(period.started_on for period in periods if period.started_on > since)]
    return max(sum(period.covers(day) for period in periods) for day in days)


def capacity_sentence(*, families: int, capacity: int) -> str:
    """Return why a cadre takes no further family."""
    return f"该干部可结对{capacity}户，已有{families}户；请选择其他干部，或者先调整他的可结对户数"


def _refused(refusal: PairingRefusal, sentence: str = "") -> PairingVerdict:
    return PairingVerdict(outcome=PairingOutcome.REFUSED, refusal=refusal, sentence=sentence or refusal.label)


def overlap_sentence(period: Period) -> str:
    """Return the sentence that names the period which stands in the way."""
    begin = chinese_day(period.started_on)
    if period.ended_on is None:
        return f"该帮扶对象自{begin}起已有结对，尚未结束，请先结束或直接更换干部"
    return f"该帮扶对象在{begin}至{chinese_day(period.ended_on - timedelta(days=1))}已有结对"


def end_refusal(period: Period, *, ended_on: date, today: date) -> str | None:
    """Return why a pairing cannot end on this day, or None when it can.

    An end that is set may be moved forward (a death before the planned rotation), never back: the days behind
    it may belong to somebody else by now. Ending on the first day takes back a pairing entered by mistake.
    """
    if ended_on < period.started_on:
        return f"结束日期不能早于结对日期{chinese_day(period.started_on)}"
    if ended_on > today + PLANNED_AHEAD:
        return "结束日期太远，最多提前一年安排"
    if period.ended_on is not None and ended_on > period.ended_on:
        return f"该结对已定于{chinese_day(period.ended_on)}结束，不能改晚"
    return None


def rotation_due_on(started_on: date) -> date:
    """Return the day on which a pairing should pass to another cadre (官方方案 二: 原则上每2年调整一次)."""
    year = started_on.year + ROTATION_YEARS
    is_leap_day = (started_on.month, started_on.day) == (2, 29)
    return date(year, 2, 28) if is_leap_day else started_on.replace(year=year)
