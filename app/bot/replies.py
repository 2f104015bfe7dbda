"""What the bot says. Pure: short, plain, the first line alone tells the outcome to who hears it read aloud.

Nothing here asks anybody to telephone: many readers do not hear. Nothing promises more than happens: who
reads what was written is said, when he will is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# Always the same numbers, and none of them stops or changes anything.
CHOICES = (
    "1. 我的干部",
    "2. 我能享受的政策",
    "3. 我的诉求",
    "4. 提醒设置",
    "5. 帮助",
)
_ASK = "您可以回复数字：\n" + "\n".join(CHOICES)
_HOW_TO_BIND = "请帮扶干部把6位绑定码念给您或写给您，在这里发出；或者用微信扫一扫绑定二维码。"
_COUNTY = "所在县（市、区）残联"
MOST_CADRES = 5
# What one page of a numbered list holds: more is hard to keep in mind when it is read aloud.
MOST_CHOICES = 5
# WeChat takes 2,048 bytes as the content of a text.
MOST_BYTES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyCadre:
    """Who accompanies one member of the family.

    Args:
        beneficiary: name of the family member, masked.
        cadre: name of the cadre.
        unit: where the cadre works, may be empty.
    """

    beneficiary: str
    cadre: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyNeed:
    """One need of the family that is not settled.

    Args:
        beneficiary: name of the family member, masked.
        text: in the family's words, may be empty.
        state: how far it is, in words.
        answer: what was said to it last, may be empty.
        raised_on: when.
    """

    beneficiary: str
    text: str
    state: str
    answer: str
    raised_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a person answered to words of the guardian.

    Args:
        asked: his own words, None for what was spoken and not understood.
        answer: the words for him.
    """

    asked: str | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """That somebody looked at one sealed fact of the family: which, when, and from what kind of office."""

    beneficiary: str
    fact: str
    office: str
    on: date


def followed(*, bound: bool, muted: bool) -> str:
    """Greet a person who follows without a code."""
    if not bound:
        return f"您好，这里是残联“连心”服务号。\n您还没有绑定。{_HOW_TO_BIND}"
    state = "您目前是停止通知的状态，回复“恢复”可重新接收。" if muted else "与您家有关的政策通知会发到这里。"
    return f"您好，欢迎回到残联“连心”服务号。\n您已绑定。{state}\n{_ASK}"


def bound() -> str:
    """Tell that the code was right."""
    return f"绑定成功。\n与您家有关的政策通知会发到这里。不想接收时，随时回复“退订”。\n{_ASK}"


def code_refused(*, bound: bool) -> str:
    """Tell that the scanned code is unknown, expired or used."""
    if bound:
        return "这个二维码无效或已经用过。\n您此前的绑定仍然有效。如需重新绑定，请向帮扶干部索取新码。"
    return f"这个二维码无效或已经用过。\n{_HOW_TO_BIND}"


def pin_refused(*, bound: bool) -> str:
    """Tell that six digits are wrong, used or too old."""
    kept = "您此前的绑定仍然有效。" if bound else ""
    return f"绑定码不对，或者已过10分钟。\n{kept}请核对后再发一次，或者请帮扶干部读一个新的绑定码。"


def too_many_tries() -> str:
    """Tell that no digits are taken for a while."""
    return "输错的次数太多，请半小时后再试。\n也可以用微信扫一扫帮扶干部给您的绑定二维码。"


def not_bound() -> str:
    """Tell somebody whom we do not know how he becomes known, and that nobody reads what he wrote."""
    return f"您还没有绑定，暂时查不到您家的信息。\n{_HOW_TO_BIND}\n绑定以前，这里的留言不会转给工作人员。"


def unbound() -> str:
    """Tell that the binding is cut."""
    return (
        "已解除绑定，不再向您的微信发送通知。\n"
        "您家登记的帮扶不受影响。想重新绑定时，请帮扶干部把6位绑定码念给您或写给您。"
    )


def stopped(*, bound: bool) -> str:
    """Tell that nothing more is sent."""
    if not bound:
        return f"您还没有绑定，目前不会向您发送通知。\n{_HOW_TO_BIND}"
    return "已停止通知，即刻生效。\n您仍可随时发消息，这里照常回答。想重新接收时，回复“恢复”。"


def resumed(*, bound: bool) -> str:
    """Tell that notices are sent again."""
    if not bound:
        return f"您还没有绑定，目前不会向您发送通知。\n{_HOW_TO_BIND}"
    return f"已恢复通知。\n不想接收时，随时回复“退订”。\n{_ASK}"


def settings(*, muted: bool, consents: Sequence[str]) -> str:
    """Tell what he is sent, and how to change it by a word."""
    if muted:
        return "您目前不接收通知。\n想重新接收，回复“恢复”。\n想解除微信绑定，回复“解绑”。"
    kept = "、".join(consents) or "没有"
    return f"您目前接收通知。\n您同意过：{kept}。\n想停止，回复“退订”。\n想解除微信绑定，回复“解绑”。"


def help_text(*, federation: str | None) -> str:
    """Tell what the bot can do, and who can do more."""
    return (
        f"这里可以查政策、提诉求、提问题。\n{_ASK}\n"
        "要提诉求，写“诉求：”再写内容。\n要提意见，写“意见：”再写内容，由上一级残联阅看。\n"
        "直接写问题，会转给您的帮扶干部和县残联。\n"
        "还可以回复：谁看过我的信息、退订、恢复、解绑。\n"
        f"您所在地：{federation or _COUNTY}。"
    )


def handed_over() -> str:
    """Tell who reads what was written; no time is promised."""
    return "已转给您的帮扶干部和县残联，会有人回复。\n回复会发到这里；您也可以随时再发一条消息来看。"


def enough_waiting() -> str:
    """Tell that nothing more is handed over for the moment."""
    return "您有很多留言还在等待回复，这一条没有再转。\n请等待回复，或者回复“我的留言”查看。"


def picture() -> str:
    """Tell that nobody sees a picture."""
    return f"这里看不到图片、视频和位置。\n请用文字写下来，或者发语音，会转给您的帮扶干部和县残联。\n{_ASK}"


def thanks() -> str:
    """Answer a kind word."""
    return f"不客气。\n{_ASK}"


def how_to_ask() -> str:
    """Tell how to put a question."""
    return "请直接写下您的问题，或者发语音。\n会转给您的帮扶干部和县残联，由他们回复。"


def how_to_opine() -> str:
    """Tell how to give an opinion, and who reads it."""
    return "请写“意见：”，再写您的意见，一起发出。\n由上一级残联阅看，帮扶干部和本县残联看不到。"


def opinion_kept() -> str:
    """Tell who reads an opinion."""
    return "您的意见已收到。\n由上一级残联阅看，帮扶干部和本县残联看不到。"


def whose_need(names: Sequence[str], *, more: bool) -> str:
    """Ask whose need it is."""
    return f"这是谁的诉求？请回复数字。\n{choices(names, more=more)}"


def need_raised(*, beneficiary: str) -> str:
    """Tell that a need stands on the list."""
    return f"{beneficiary}的诉求已登记。\n您的帮扶干部和县残联可以看到。回复“我的诉求”查看办理情况。"


def too_many_needs(*, beneficiary: str) -> str:
    """Tell that no more needs are taken until some are settled."""
    return f"{beneficiary}已有很多诉求在办理，这一条没有再登记。\n回复“我的诉求”查看办理情况。"


def nobody_kept() -> str:
    """Tell a guardian whose family members are all taken out of the register."""
    return f"没有查到您照看的帮扶对象。\n{_ASK}"


def my_needs(needs: Sequence[FamilyNeed], *, heard: Sequence[Heard], waiting: int) -> str:
    """Tell how far the family's needs are, and what was answered of late."""
    first = f"您家有{len(needs)}条诉求在办理。" if needs else "您家目前没有在办理的诉求。"
    lines = [
        f"{one.beneficiary}：{_short(one.text, 30) or '没有写内容'}。"
        f"{one.raised_on.month}月{one.raised_on.day}日提出，{one.state}。"
        + (f"答复：{_short(one.answer, 80)}" if one.answer else "")
        for one in needs
    ]
    lines += [_heard(one, most=120) for one in heard]
    if waiting:
        lines.append(f"另有{waiting}条留言等待回复。")
    return fit("\n".join([first, *lines, "要提新的诉求，写“诉求：”再写内容，一起发出。"]))


def with_answer(reply: str, heard: Heard, *, more: bool) -> str:
    """Put after a reply what a person answered to earlier words; that answer is never cut away.

    Args:
        reply: to what he wrote just now; its first line is the outcome, and stays the first.
        heard: the answer that could not be sent.
        more: whether another answer waits.
    """
    lines = ["您以前的留言有了回复。", _heard(heard, most=500)]
    if more:
        lines.append("还有别的回复，再发一条消息就能看到。")
    told = "\n".join(lines)
    return f"{fit(reply, most=MOST_BYTES - len(told.encode()) - 1)}\n{told}"


def who_looked(looks: Sequence[Look]) -> str:
    """Tell who looked at sealed facts of the family."""
    if not looks:
        return (
            "没有人查看过您家的完整信息。\n"
            "姓名、证件号码、联系方式、住址平时都是遮住的，查看要写理由并留下记录。"
        )
    lines = [
        f"{one.on.year}年{one.on.month}月{one.on.day}日，{one.office}查看了{one.beneficiary}的{one.fact}。"
        for one in looks
    ]
    return "\n".join(["最近查看您家完整信息的记录：", *lines, "有疑问可以直接写下来，会有人回复。"])


def my_cadres(cadres: Sequence[FamilyCadre], *, federation: str | None) -> str:
    """Tell who accompanies the family."""
    if not cadres:
        return (
            f"您家目前没有登记帮扶干部。\n由{federation or _COUNTY}安排。有疑问可以直接写下来，会有人回复。"
        )
    # Not numbered: there is nothing to choose from.
    lines = [
        f"{one.beneficiary}的帮扶干部：{one.cadre}" + (f"，{one.unit}" if one.unit else "")
        for one in cadres[:MOST_CADRES]
    ]
    return "您家的帮扶干部：\n" + "\n".join(lines) + "\n有话想说，直接写下来，会转给帮扶干部。"


def no_such_choice() -> str:
    """Tell that a number stands in no list."""
    return f"没有这个数字的选项。\n{_ASK}"


def nothing_more() -> str:
    """Tell that there is no list to go on with."""
    return f"没有更多内容了。\n{_ASK}"


def fit(text: str, *, most: int = MOST_BYTES) -> str:
    """Return a text that WeChat takes: whole lines as far as they fit, at least the first."""
    kept: list[str] = []
    size = 0
    for line in text.split("\n"):
        size += len(line.encode()) + 1
        if kept and size > most:
            return "\n".join([*kept, "……"])
        kept.append(line)
    return "\n".join(kept)


def choices(names: Sequence[str], *, more: bool) -> str:
    """Return a numbered list of at most five, and how to see the rest."""
    lines = [f"{number}. {name}" for number, name in enumerate(names[:MOST_CHOICES], start=1)]
    return "\n".join([*lines, "看其余的，回复“更多”。"] if more else lines)


def _heard(one: Heard, *, most: int) -> str:
    asked = f"您说：{_short(one.asked, 20)}\n" if one.asked else ""
    return f"{asked}回复：{_short(one.answer, most)}"


def _short(text: str, most: int) -> str:
    # WeChat makes a link of <a href=…>; what somebody wrote must not become one.
    plain = " ".join(text.split()).replace("<", "＜")
    return plain if len(plain) <= most else plain[: most - 1] + "…"
