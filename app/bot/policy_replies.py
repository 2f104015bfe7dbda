"""What the bot says of policies. Pure: what one person has, may apply for, where, with which papers, and why.

Everything here is advice: the department that decides has the last word, and every detail says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.bot.replies import choices, fit

# A number to call is of no use to who does not hear; the place stands before it.
_TELEPHONE = re.compile(r"[，,；;]?(?:咨询|联系)?电话[:：]?[0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """What one policy means for one person.

    Args:
        key: names the policy.
        name: as people know it.
        standing: 可以申请, 已享受, …
        amount: in words, may be empty.
        apply_at: where, may be empty.
        bring: which papers.
        why: the facts that decided.
        missing: what is not known yet, in a sentence; may be empty.
        rival: the other one of which only the higher is paid, may be empty.
        source: where it is written.
    """

    key: str
    name: str
    standing: str
    amount: str
    apply_at: str
    bring: tuple[str, ...]
    why: tuple[str, ...]
    missing: str
    rival: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPolicies:
    """What policies mean for one member of the family; the name is masked."""

    beneficiary_id: int
    name: str
    lines: tuple[PolicyLine, ...]

    @property
    def open_lines(self) -> int:
        """How many of them somebody may apply for."""
        return sum(line.standing == MAY_APPLY for line in self.lines)


MAY_APPLY = "可以申请"


def whose_policies(people: Sequence[PersonPolicies], *, more: bool) -> str:
    """Ask whose policies he wants to see, with how many are open."""
    names = [
        f"{one.name}，" + (f"可以申请{one.open_lines}项" if one.open_lines else f"共{len(one.lines)}项")
        for one in people
    ]
    return f"看谁的政策？请回复数字。\n{choices(names, more=more)}"


def policies_of(person: PersonPolicies, lines: Sequence[PolicyLine], *, more: bool) -> str:
    """List the policies of one person, those to apply for first; a number asks for one."""
    if not person.lines:
        return f"{person.name}目前没有查到相关政策。\n有疑问可以直接写下来，会转给您的帮扶干部和县残联。"
    opened = f"可能可以申请{person.open_lines}项政策。" if person.open_lines else "的政策如下。"
    names = [f"{line.standing}：{line.name}" + (f"，{line.amount}" if line.amount else "") for line in lines]
    return fit(f"{person.name}{opened}\n{choices(names, more=more)}\n回复数字，看怎么办理和依据。")


def policy(line: PolicyLine, *, person: str) -> str:
    """Tell one policy: what it is, where, with which papers, why it stands here, and where it is written."""
    said = [f"{_cut(line.name)}：{person}{line.standing}。"]
    if line.amount:
        said.append(f"标准：{line.amount}")
    if line.apply_at and line.standing == MAY_APPLY:
        said.append(f"在哪里办：{_TELEPHONE.sub('', line.apply_at)}")
    if line.bring and line.standing == MAY_APPLY:
        said.append(f"带什么：{'、'.join(line.bring)}")
    if line.rival:
        said.append(f"与“{line.rival}”只能享受较高的一项。")
    if line.why:
        said.append(f"为什么有这条：{'；'.join(line.why)}")
    if line.missing:
        said.append(line.missing)
    if line.source:
        said.append(f"依据：{line.source}")
    said.append("这是系统的提示，以办理部门的答复为准。")
    return fit("\n".join(said))


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


# With a name and a standing the first line stays below 60 characters.
_LONGEST_NAME = 36
