"""What cadres are told about their pairings, in the mini program."""

from datetime import date

from app.core.clock import chinese_day
from app.messaging.notices import Prepared, fit
from app.pairing.enums import PairingNews
from app.people.rules import mask_name

HANDOVERS_PAGE = "pages/handovers/index"

_SENTENCES = {
    PairingNews.TAKES_OVER: "自{day}起请您接任帮扶{name}。请在“交接”里查看情况，并答复同意或不同意。",
    PairingNews.HANDS_OVER: "{name}自{day}起由另一位干部帮扶。请告诉家里一声，并带接任的同志上门一次。",
    PairingNews.STAYS: "{name}的交接没有办成，仍由您帮扶。",
    PairingNews.TAKEN_BACK: "原定由您自{day}起接任帮扶{name}，现已取消。",
    PairingNews.DECEASED: "您的帮扶对象{name}已去世，帮扶到{day}为止。请慰问家属，节日不要说祝福的话。",
    PairingNews.MOVED_AWAY: "您的帮扶对象{name}已迁出，帮扶到{day}为止。",
    PairingNews.NO_LONGER_ELIGIBLE: "您的帮扶对象{name}不再符合帮扶条件，帮扶到{day}为止。",
}


def news_sentence(news: PairingNews, *, name: str, day: date) -> str:
    """Return one notice as the cadre reads it.

    Args:
        news: what it is about.
        name: the beneficiary's, masked.
        day: from which or until which day.
    """
    return _SENTENCES[news].format(name=name, day=chinese_day(day))


def handover_reminder(*, name: str, takes_over: bool, day: date) -> Prepared:
    """Tell a cadre on his phone that a family comes to him or passes on.

    Args:
        name: the beneficiary's, not masked yet.
        takes_over: he is the successor.
        day: the first day of the successor.
    """
    about = "请您接任，请查看并答复" if takes_over else "将交给同事，请先告诉家里"
    return Prepared(
        fields={
            "thing1": fit("thing1", about),
            "thing2": fit("thing2", mask_name(name)),
            "date3": fit("date3", chinese_day(day)),
        },
        page=HANDOVERS_PAGE,
    )


def change_notice(*, successor: str, day: date) -> Prepared:
    """Tell a family that another cadre comes; it is read on the lock screen, so it says nothing about it.

    Args:
        successor: the cadre's name; his surname is enough for a stranger to learn nothing.
        day: from when on.
    """
    return Prepared(
        fields={
            "thing1": fit("thing1", "与您家联系的同志将更换"),
            "thing2": fit("thing2", f"{successor[:1]}同志"),
            "date3": fit("date3", chinese_day(day)),
        },
    )
