"""What the bot says. Pure: short, plain, the first line alone tells the outcome to who hears it read aloud.

Nothing here asks anybody to telephone: many readers do not hear. Nothing promises that somebody was told:
no hand-over exists behind these words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

CHOICES = (
    "1. 我的干部",
    "2. 停止通知",
    "3. 恢复通知",
    "4. 帮助",
)
_ASK = "您可以回复数字：\n" + "\n".join(CHOICES)
_COUNTY = "所在县（市、区）残联"
MOST_CADRES = 5


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


def followed(*, bound: bool, muted: bool) -> str:
    """Greet a person who follows without a code."""
    if not bound:
        return f"您好，这里是残联“连心”服务号。\n您还没有绑定。请向帮扶干部索取二维码，用微信扫一扫。\n{_ASK}"
    state = "您目前是停止通知的状态，回复“恢复”可重新接收。" if muted else "与您家有关的政策通知会发到这里。"
    return f"您好，欢迎回到残联“连心”服务号。\n您已绑定。{state}\n{_ASK}"


def bound() -> str:
    """Tell that the scanned code was right."""
    return f"绑定成功。\n与您家有关的政策通知会发到这里。不想接收时，随时回复“退订”。\n{_ASK}"


def code_refused(*, bound: bool) -> str:
    """Tell that the scanned code is unknown, expired or used."""
    if bound:
        return (
            f"这个二维码无效或已经用过。\n您此前的绑定仍然有效。如需重新绑定，请向帮扶干部索取新码。\n{_ASK}"
        )
    return f"这个二维码无效或已经用过。\n请向帮扶干部索取新的二维码，再用微信扫一扫。\n{_ASK}"


def stopped(*, bound: bool) -> str:
    """Tell that nothing more is sent."""
    if not bound:
        return f"您还没有绑定，目前不会向您发送通知。\n{_ASK}"
    return f"已停止通知，即刻生效。\n您仍可随时发消息，这里照常回答。想重新接收时，回复“恢复”。\n{_ASK}"


def resumed(*, bound: bool) -> str:
    """Tell that notices are sent again."""
    if not bound:
        return f"您还没有绑定，目前不会向您发送通知。\n请向帮扶干部索取二维码，用微信扫一扫。\n{_ASK}"
    return f"已恢复通知。\n不想接收时，随时回复“退订”。\n{_ASK}"


def help_text(*, federation: str | None) -> str:
    """Tell what the bot can do, and who can do more."""
    return f"这里可以查询帮扶干部，停止或恢复通知。\n{_ASK}\n其他事情请联系{federation or _COUNTY}。"


def unclear(*, federation: str | None) -> str:
    """Tell a person that his words were not understood, and that no one else reads them."""
    return (
        f"抱歉，这里是自动回复，没能看懂您的留言。\n留言不会转给工作人员。\n{_ASK}\n"
        f"其他事情请联系您的帮扶干部，或{federation or _COUNTY}。"
    )


def my_cadres(cadres: Sequence[FamilyCadre], *, bound: bool, federation: str | None) -> str:
    """Tell who accompanies the family."""
    if not bound:
        return "您还没有绑定，暂时查不到帮扶干部。\n请向帮扶干部索取二维码，用微信扫一扫。\n" + _ASK
    if not cadres:
        return f"您家目前没有登记帮扶干部。\n如有疑问，请联系{federation or _COUNTY}。"
    # Not numbered: who answers a list with a number would choose one of CHOICES, and 2 stops the notices.
    lines = [
        f"{one.beneficiary}的帮扶干部：{one.cadre}" + (f"，{one.unit}" if one.unit else "")
        for one in cadres[:MOST_CADRES]
    ]
    return "您家的帮扶干部：\n" + "\n".join(lines) + f"\n如有变动或疑问，请联系{federation or _COUNTY}。"
