"""What the bot says, read as a screen reader or a person who does not hear would meet it."""

import re
from datetime import date

import pytest

from app.bot import policy_replies, replies
from app.bot.enums import PushKind
from app.bot.intents import kind_of_text
from app.bot.policy_replies import MAY_APPLY, PersonPolicies, PolicyLine
from app.bot.replies import CHOICES, MOST_CADRES, FamilyCadre, FamilyNeed, Heard, Look
from app.needs.notices import reply_text

LONG = FamilyCadre(beneficiary="王*四", cadre="欧阳" * 20, unit="残疾人联合会办公室" * 6)
COUNTY = "历下区残联"
NEED = FamilyNeed(
    beneficiary="王*四",
    text="轮椅坏了" * 100,
    state="待办理",
    answer="已经联系" * 100,
    raised_on=date(2026, 5, 17),
)
HEARD = Heard(asked="什么时候发" * 50, answer="每月15日以前" * 100)
LOOK = Look(beneficiary="王*四", fact="身份证号", office="县（市、区）残联工作人员", on=date(2026, 5, 17))
LINE = PolicyLine(
    key="care",
    name="重度残疾人护理补贴" * 8,
    standing=MAY_APPLY,
    amount="每月200元",
    apply_at="县（市、区）法律援助中心，电话12348",
    bring=("残疾人证", "身份证") * 30,
    why=("残疾等级：一级",) * 60,
    missing="还不知道：户籍",
    rival="生活补贴",
    source="国发〔2015〕52号",
)
PERSON = PersonPolicies(beneficiary_id=1, name="王*四", lines=(LINE,) * 12)
NOBODY = PersonPolicies(beneficiary_id=1, name="王*四", lines=())

EVERY_REPLY = [
    replies.followed(bound=False, muted=False),
    replies.followed(bound=True, muted=False),
    replies.followed(bound=True, muted=True),
    replies.bound(),
    *[replies.code_refused(bound=bound) for bound in (True, False)],
    *[replies.pin_refused(bound=bound) for bound in (True, False)],
    *[replies.stopped(bound=bound) for bound in (True, False)],
    *[replies.resumed(bound=bound) for bound in (True, False)],
    *[replies.help_text(federation=name) for name in (COUNTY, None)],
    *[replies.settings(muted=muted, consents=["接收惠残政策通知（短信）"]) for muted in (True, False)],
    replies.too_many_tries(),
    replies.not_bound(),
    replies.unbound(),
    replies.handed_over(),
    replies.enough_waiting(),
    replies.picture(),
    replies.thanks(),
    replies.how_to_ask(),
    replies.how_to_opine(),
    replies.opinion_kept(),
    replies.whose_need(["王*四", "王*五"], more=True),
    replies.need_raised(beneficiary="王*四"),
    replies.too_many_needs(beneficiary="王*四"),
    replies.nobody_kept(),
    replies.no_such_choice(),
    replies.nothing_more(),
    replies.my_needs([], heard=[], waiting=0),
    replies.my_needs([NEED] * 5, heard=[HEARD] * 2, waiting=3),
    replies.with_answer(replies.help_text(federation=COUNTY), HEARD, more=True),
    replies.who_looked([]),
    replies.who_looked([LOOK] * 5),
    replies.my_cadres([], federation=COUNTY),
    replies.my_cadres([LONG] * 20, federation=COUNTY),
    policy_replies.whose_policies([PERSON, NOBODY], more=False),
    policy_replies.policies_of(NOBODY, [], more=False),
    policy_replies.policies_of(PERSON, [LINE] * 5, more=True),
    policy_replies.policy(LINE, person="王*四"),
    reply_text(asked="什么时候发" * 50, answer="每月15日以前" * 71),
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


def test_the_numbers_of_the_choices_are_known_and_stop_nothing() -> None:
    numbers = [choice.partition(".")[0] for choice in CHOICES]

    assert len(CHOICES) <= 5
    assert numbers == ["1", "2", "3", "4", "5"]
    assert {kind_of_text(number) for number in numbers} == {PushKind.NUMBER}


@pytest.mark.parametrize("reply", EVERY_REPLY)
def test_no_list_offers_more_than_five_numbers(reply: str) -> None:
    assert re.findall(r"^(\d)\. ", reply, re.MULTILINE) in [[], *[list("12345"[:n]) for n in range(1, 6)]]


def test_an_answer_of_a_person_is_never_cut_to_make_room() -> None:
    heard = Heard(asked=None, answer="好" * 500)

    reply = replies.with_answer("甲" * 50 + "\n" + "乙" * 600, heard, more=False)

    assert reply.startswith("甲" * 50)
    assert "好" * 500 in reply
    assert "乙" not in reply


def test_the_longest_answer_that_the_form_takes_stands_whole_in_its_message() -> None:
    assert "好" * 500 in reply_text(asked="问" * 100, answer="好" * 500)


def test_what_somebody_wrote_becomes_no_link() -> None:
    assert "<" not in reply_text(asked='<a href="x">点这里</a>', answer='见<a href="y">这里</a>')


@pytest.mark.parametrize("word", ["退订", "恢复", "解绑", "更多", "我的留言"])
def test_words_that_replies_propose_are_understood(word: str) -> None:
    assert any(f"“{word}”" in reply for reply in EVERY_REPLY)
    assert kind_of_text(word) is not PushKind.UNCLEAR


def test_a_list_of_cadres_is_cut_and_carries_no_numbers_to_answer_with() -> None:
    reply = replies.my_cadres([LONG] * 20, federation=None)

    assert reply.count("王*四的帮扶干部：") == MOST_CADRES
    assert re.search(r"^\d", reply, re.MULTILINE) is None
