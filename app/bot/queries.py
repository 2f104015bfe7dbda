"""What the bot looks up to answer a family."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from tortoise.expressions import Q

from app.accounts.models import Staff
from app.accounts.rules import Scope
from app.audit.enums import ActorKind
from app.audit.models import AuditEntry
from app.bot.enums import PushKind, PushState
from app.bot.policy_replies import MAY_APPLY, PersonPolicies, PolicyLine
from app.bot.replies import MOST_CADRES, MOST_CHOICES, FamilyCadre, FamilyNeed, Look
from app.core import sql
from app.core.clock import china_date
from app.core.metrics import Reading
from app.needs.enums import NeedAct
from app.needs.models import Need, NeedStep
from app.orgs.models import Org
from app.pairing.models import Pairing
from app.people.enums import BeneficiaryStatus, ConsentChannel, ConsentPurpose, RevealField
from app.people.models import Beneficiary, Consent
from app.people.rules import mask_name
from app.policies.enums import Step, Verdict
from app.policies.queries.entitlements import EntitlementLine, own_policies
from app.policies.rules.wording import missing_sentence, source_in_words

_FAMILY = 200
_CONSENTS = 50
# What somebody found out says more than what the rules guess.
_TOLD_STEPS = frozenset({Step.APPLIED, Step.REFUSED, Step.NOT_APPLICABLE})
_STANDINGS: Mapping[Verdict, str] = {
    Verdict.GAP: MAY_APPLY,
    Verdict.TO_VERIFY: "待核实",
    Verdict.HIGHER_CHOSEN: "已按较高的一项享受",
    Verdict.RECEIVED: "已享受",
    Verdict.NOT_ELIGIBLE: "不符合条件",
}


async def cadres_of_family(*, scope: Scope, today: date) -> list[FamilyCadre]:
    """Return who accompanies the beneficiaries of the guardian in ``scope`` today, oldest pairing first.

    At most as many as one reply lists; nobody but a guardian has a family.
    """
    if scope.guardian_id is None:
        return []
    rows = (
        await Pairing.filter(
            Q(ended_on=None) | Q(ended_on__gt=today),
            beneficiary__guardianships__guardian_id=scope.guardian_id,
            started_on__lte=today,
        )
        .order_by("started_on", "id")
        .limit(MOST_CADRES)
        .values("beneficiary__name", "cadre__name", "cadre__unit")
    )
    return [
        FamilyCadre(
            beneficiary=mask_name(row["beneficiary__name"]),
            cadre=row["cadre__name"],
            unit=row["cadre__unit"],
        )
        for row in rows
    ]


async def family_names(*, scope: Scope) -> dict[int, str]:
    """Return how to call the beneficiaries of the guardian in ``scope``, by id, in the order of entry.

    Masked; two whose masked names are the same are told apart by the year of their birth.
    """
    if scope.guardian_id is None:
        return {}
    rows = (
        await Beneficiary.filter(
            guardianships__guardian_id=scope.guardian_id, status=BeneficiaryStatus.ACTIVE
        )
        .order_by("id")
        .limit(_FAMILY)
        .values_list("id", "name", "born_on")
    )
    masked = Counter(mask_name(name) for _, name, _ in rows)
    return {
        one: mask_name(name) + (f"（{born_on.year}年生）" if masked[mask_name(name)] > 1 else "")
        for one, name, born_on in rows
    }


async def needs_in_words(*, scope: Scope, needs: Sequence[Need]) -> list[FamilyNeed]:
    """Return needs of the guardian in ``scope`` as a reply lists them, each with the last answer to it."""
    if not needs:
        return []
    names = await family_names(scope=scope)
    steps = await NeedStep.filter(
        need_id__in=[one.id for one in needs], act__in=(NeedAct.ANSWERED, NeedAct.CLOSED)
    ).order_by("id")
    said = {step.need_id: step.text or "" for step in steps}
    return [
        FamilyNeed(
            beneficiary=names.get(one.beneficiary_id, ""),
            text=one.text or "",
            state=one.state.label,
            answer=said.get(one.id, ""),
            raised_on=china_date(one.raised_at),
        )
        for one in needs
    ]


async def policies_of_family(*, scope: Scope, day: date) -> list[PersonPolicies]:
    """Return what policies mean for the people whom the guardian in ``scope`` looks after."""
    names = await family_names(scope=scope)
    families = await own_policies(scope=scope, day=day)
    return [
        PersonPolicies(
            beneficiary_id=family.beneficiary_id,
            name=names[family.beneficiary_id],
            lines=tuple(_policy_line(line, day=day) for line in family.lines),
        )
        for family in families
        if family.beneficiary_id in names
    ]


def _policy_line(line: EntitlementLine, *, day: date) -> PolicyLine:
    standing = line.step.label if line.step in _TOLD_STEPS and line.step else _STANDINGS[line.verdict]
    return PolicyLine(
        key=line.key,
        name=line.name,
        standing=standing,
        amount=line.amount,
        apply_at=line.text.apply_at,
        bring=line.text.proofs,
        why=line.because,
        missing=missing_sentence(line.missing),
        rival=line.rival_name,
        source=source_in_words(line.text.source, checked_on=line.text.checked_on, day=day),
    )


async def consents_in_words(*, scope: Scope) -> list[str]:
    """Return what the guardian in ``scope`` agreed to and did not withdraw, each once."""
    if scope.guardian_id is None:
        return []
    rows = (
        await Consent.filter(guardian_id=scope.guardian_id, withdrawn_at=None)
        .order_by("id")
        .limit(_CONSENTS)
        .values_list("purpose", "channel")
    )
    said = (
        f"{ConsentPurpose(purpose).label}（{ConsentChannel(channel).label}）" for purpose, channel in rows
    )
    return list(dict.fromkeys(said))


async def looks_at_family(*, scope: Scope) -> list[Look]:
    """Return who looked at sealed facts of the family of the guardian in ``scope``, latest first.

    Which fact, when, and from what kind of office; never who.
    """
    names = await family_names(scope=scope)
    if not names:
        return []
    entries = (
        await AuditEntry.filter(
            object_kind="beneficiary",
            object_id__in=[str(one) for one in names],
            action="beneficiary.revealed",
        )
        .order_by("-id")
        .limit(MOST_CHOICES)
    )
    staff = sorted({one.actor_id for one in entries if one.actor_kind is ActorKind.STAFF and one.actor_id})
    orgs: dict[int, str] = dict(await Staff.filter(id__in=staff).values_list("id", "org_code"))
    return [
        Look(
            beneficiary=names[int(one.object_id)],
            fact=_fact_in_words(one.detail),
            office=_office(one, orgs),
            on=china_date(one.at),
        )
        for one in entries
    ]


def _fact_in_words(detail: str) -> str:
    field = detail.partition(":")[0]
    if field == RevealField.PHONE:
        return "联系方式"
    return RevealField(field).label if field in set(RevealField) else "信息"


def _office(entry: AuditEntry, orgs: dict[int, str]) -> str:
    if entry.actor_kind is not ActorKind.STAFF:
        return entry.actor_kind.label
    code = orgs.get(entry.actor_id or 0, "")
    level = "省" if code.endswith("0000") else "市" if code.endswith("00") else "县（市、区）"
    return f"{level}残联工作人员"


async def federation_name(*, region_code: str) -> str | None:
    """Return the name of the federation of a county, or None when it is not in the tree.

    No scope: the names of federations are public.
    """
    org = await Org.get_or_none(code=region_code)
    return org.name if org is not None else None


async def readings(now: datetime) -> list[Reading]:
    """Return the numbers of the inbox of pushes for Prometheus.

    No scope: numbers only, of the service as a whole.
    """
    waiting = await sql.fetch(
        "SELECT COUNT(*) AS amount, MIN(next_at) AS next_at FROM wechat_push WHERE state = %s",
        (PushState.WAITING.value,),
    )
    given_up = await sql.fetch(
        "SELECT SUM(CASE WHEN kind = %s THEN 1 ELSE 0 END) AS receipts, COUNT(*) AS amount FROM wechat_push"
        " WHERE state = %s AND next_at >= %s",
        (PushKind.RECEIPT.value, PushState.GIVEN_UP.value, now - timedelta(days=1)),
    )
    due = sql.moment_of(waiting[0]["next_at"])
    receipts = int(given_up[0]["receipts"] or 0)
    late = timedelta() if due is None else max(now - due, timedelta())
    return [
        Reading(
            name="lianxin_pushes_waiting",
            meaning="Pushes of WeChat that were stored and not acted on yet.",
            value=waiting[0]["amount"],
        ),
        Reading(
            name="lianxin_push_late_seconds",
            meaning="For how long the push that waits longest has been due.",
            value=late.total_seconds(),
        ),
        *[
            Reading(
                name="lianxin_pushes_given_up_last_day",
                meaning="Pushes nobody could act on; receipts for no message, or for one of several.",
                value=amount,
                labels={"kind": kind},
            )
            for kind, amount in (("receipt", receipts), ("other", int(given_up[0]["amount"]) - receipts))
        ],
    ]
