"""What campaigns say inside WeChat: plain, within the limits of fields, nothing about anybody's state."""

import re
from collections.abc import Sequence
from datetime import date

from app.festivals.rules import FestivalOccasion, greetings_allowed
from app.messaging.notices import Prepared, fit

TODAY_PAGE = "pages/today/index"
NOTICES_PAGE = "pages/notices/index"

# A message names no disability, hardship, ID number or address (product rule 4): it is read on the lock
# screen by whoever holds the phone.
_REVEALING = re.compile(
    r"残疾|残障|残废|智障|精神病|精神障碍|盲人|聋|哑|瘫|低保|特困|贫困|困难|救助对象|孤儿|重度"
    r"|视力|听力|言语|肢体|智力|[一二三四1-4]级|\d{6,}|身份证|证号|住址"
)
# Greetings are never template messages (模板消息运营规范 3.9.1), and no greeting fits a day of mourning.
_GREETING = re.compile(r"快乐|祝您|祝你|祝福|恭祝|敬祝|恭贺|恭喜|恭祝|新年好|新春好|吉祥|如意|安康|贺岁|拜年")


def revealing_words(text: str) -> list[str]:
    """Return the words of a text that tell strangers about disability, hardship, numbers or addresses."""
    return list(dict.fromkeys(_REVEALING.findall(text)))


def greeting_words(text: str) -> list[str]:
    """Return the words of a text that make it a greeting."""
    return list(dict.fromkeys(_GREETING.findall(text)))


def festival_reminder(*, occasion: FestivalOccasion, masked_names: Sequence[str]) -> Prepared:
    """Tell a cadre whom to call before a festival.

    Args:
        occasion: the festival, or several on one day.
        masked_names: families that are still waiting for a call, at least one.
    """
    wish = "" if greetings_allowed(occasion) else "，宜慰问"
    more = f"等{len(masked_names)}人" if len(masked_names) > 1 else ""
    return Prepared(
        fields={
            "thing1": fit("thing1", f"{occasion.label}前请联系{wish}"),
            "thing2": fit("thing2", f"{masked_names[0]}{more}"),
            "date3": fit("date3", chinese_date(occasion.on)),
        },
        page=TODAY_PAGE,
    )


def policy_notice(*, title: str, on: date) -> Prepared:
    """Tell a guardian that there is a notice, by its title alone.

    Args:
        title: of the notice, checked by `revealing_words` when it was composed.
        on: the day on which it is sent.
    """
    return Prepared(
        fields={
            "thing1": fit("thing1", "您有1条政策通知"),
            "thing2": fit("thing2", title),
            "date3": fit("date3", chinese_date(on)),
        },
        page=NOTICES_PAGE,
    )


def chinese_date(day: date) -> str:
    """Return a day as people write it: 2026年9月25日."""
    return f"{day.year}年{day.month}月{day.day}日"
