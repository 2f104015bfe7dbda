"""What is said about a verdict: short sentences that can be read aloud."""

from collections.abc import Sequence
from datetime import date

from app.core.clock import chinese_day
from app.policies.enums import Step, Verdict
from app.policies.rules.amounts import AmountRow
from app.policies.rules.authoring import STALE_AFTER_DAYS
from app.policies.rules.facts import FACTS, Facts, value_in_words
from app.policies.rules.questions import Turning

LOCAL_STANDARD = "标准以当地公布为准"


def verdict_sentence(verdict: Verdict, *, name: str, step: Step | None = None) -> str:
    """Return what a verdict comes to, for the cadre; it is advice, so it says 可能."""
    if step in {Step.APPLIED, Step.REFUSED, Step.NOT_APPLICABLE}:
        return f"“{name}”：{step.label}。"
    return {
        Verdict.GAP: f"可能应享受“{name}”，还没有享受记录，请了解并协助申请。",
        Verdict.TO_VERIFY: f"是否应享受“{name}”，还需要了解一些情况。",
        Verdict.RECEIVED: f"已享受“{name}”。",
        Verdict.HIGHER_CHOSEN: f"“{name}”与另一项待遇只能享受较高的一项。",
        Verdict.NOT_ELIGIBLE: f"不符合“{name}”的条件。",
    }[verdict]


def reasons(keys: Sequence[str], facts: Facts) -> list[str]:
    """Return the facts that decided, each with what is known: 残疾等级：一级."""
    said = []
    for key in keys:
        fact, value = FACTS[key], facts.get(key)
        words = "" if value is None else value_in_words(fact, value)
        said.append(f"{fact.label}：{words}" if words else fact.label)
    return said


def missing_sentence(keys: Sequence[str]) -> str:
    """Return which facts are missing, in words; empty where none is."""
    return f"还不知道：{'、'.join(FACTS[key].label for key in keys)}" if keys else ""


def amount_in_words(row: AmountRow | None) -> str:
    """Return an amount as people read it; empty where there is none."""
    if row is None:
        return ""
    said = [row.note] if row.note else []
    if row.cny is not None:
        said.append(f"{row.per.label}{row.cny}元")
    if row.percent is not None:
        said.append(f"比例{row.percent}%")
    text = "，".join(said)
    return f"{text}（示例，{LOCAL_STANDARD}）" if row.is_example else text


def is_stale(checked_on: date, *, day: date) -> bool:
    """Tell whether a source was looked up so long ago that it may have changed."""
    return (day - checked_on).days > STALE_AFTER_DAYS


def source_in_words(source: str, *, checked_on: date, day: date) -> str:
    """Return where a policy is written, and since when nobody has looked if that is long ago."""
    checked = f"{source}（{chinese_day(checked_on)}核对）"
    return f"{checked}，{LOCAL_STANDARD}" if is_stale(checked_on, day=day) else checked


def turning_in_words(turning: Turning) -> str:
    """Return which birthday changes something, in words."""
    return f"{chinese_day(turning.on)}满{turning.age}周岁，可享受的政策可能有变化。"
