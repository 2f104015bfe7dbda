"""What the bot says, read as a screen reader or a person who does not hear would meet it."""

import re

import pytest

from app.bot import replies
from app.bot.enums import PushKind
from app.bot.intents import kind_of_text
from app.bot.replies import CHOICES, MOST_CADRES, FamilyCadre

LONG = FamilyCadre(beneficiary="王*四", cadre="欧阳" * 20, unit="残疾人联合会办公室" * 6)
COUNTY = "历下区残联"

EVERY_REPLY = [
    replies.followed(bound=False, muted=False),
    replies.followed(bound=True, muted=False),
    replies.followed(bound=True, muted=True),
    replies.bound(),
    *[replies.code_refused(bound=bound) for bound in (True, False)],
    *[replies.stopped(bound=bound) for bound in (True, False)],
    *[replies.resumed(bound=bound) for bound in (True, False)],
    *[replies.help_text(federation=name) for name in (COUNTY, None)],
    *[replies.unclear(federation=name) for name in (COUNTY, None)],
    replies.my_cadres([], bound=False, federation=None),
    replies.my_cadres([], bound=True, federation=COUNTY),
    replies.my_cadres([LONG] * 20, bound=True, federation=COUNTY),
]


@pytest.mark.parametrize("reply", EVERY_REPLY)
def test_a_reply_is_short_and_plain(reply: str) -> None:
    first = reply.splitlines()[0]

    assert 0 < len(first) <= 60
    # What WeChat takes as the content of a text reply.
    assert len(reply.encode()) <= 2048
    assert re.search(r"[\U0001f000-\U0001ffff\u2600-\u27bf]", reply) is None


@pytest.mark.parametrize("reply", EVERY_REPLY)
def test_no_reply_asks_a_person_who_may_be_deaf_to_telephone(reply: str) -> None:
    assert re.search("电话|致电|拨打|来电|打给|热线", reply) is None


@pytest.mark.parametrize("reply", EVERY_REPLY)
def test_no_reply_claims_that_somebody_was_told(reply: str) -> None:
    assert re.search("已转|已记录|已通知|会有人|尽快回复|稍后回复", reply) is None


def test_the_numbers_of_the_choices_do_what_the_choices_say() -> None:
    kinds = [kind_of_text(choice.partition(".")[0]) for choice in CHOICES]

    assert len(CHOICES) <= 5
    assert kinds == [PushKind.MY_CADRE, PushKind.STOP, PushKind.RESUME, PushKind.HELP]


@pytest.mark.parametrize("word", ["退订", "恢复"])
def test_words_that_replies_propose_are_understood(word: str) -> None:
    assert any(f"“{word}”" in reply for reply in EVERY_REPLY)
    assert kind_of_text(word) is not PushKind.UNCLEAR


def test_a_list_of_cadres_is_cut_and_carries_no_numbers_to_answer_with() -> None:
    reply = replies.my_cadres([LONG] * 20, bound=True, federation=None)

    assert reply.count("王*四的帮扶干部：") == MOST_CADRES
    assert re.search(r"^\d", reply, re.MULTILINE) is None
