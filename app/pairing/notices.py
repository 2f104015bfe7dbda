"""What cadres are told about their pairings, in the mini program."""

from datetime import date

from app.core.clock import chinese_day
from app.pairing.enums import PairingNews

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
