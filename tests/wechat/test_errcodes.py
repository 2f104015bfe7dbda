"""Each row of the table, as the product's rules want it."""

import pytest

from app.wechat.errcodes import RULES, TOKEN_FAULTS, Reaction, RecipientFact, reaction_to
from app.wechat.gateway import WeChatRefused

ROWS = {
    Reaction.TOKEN: [40001, 40014, 42001],
    Reaction.LATER: [-1, 40241, 43108, 43117, 45066, 200001, 268487001, 268487002, 886001],
    Reaction.SLOWER: [45011, 44990],
    Reaction.NEXT_DAY: [45009],
    Reaction.HELD: [40252],
    Reaction.GIVE_UP_RECIPIENT: [
        *(40003, 40029, 40163, 40226, 40249, 43004, 43019, 43101, 45015, 45047, 45168),
        *(47003, 48002, 49003, 50002, 50005, 70000),
    ],
    Reaction.STOP_CAMPAIGN: [
        *(20001, 20002, 40007, 40008, 40031, 40032, 40033, 40035, 40036, 40037, 40039, 40097, 40130, 41028),
        *(41029, 41030, 43002, 43107),
        *(43116, 43302, 44002, 45002, 45003, 45004, 45005, 45006, 45007, 45008, 45028, 45067, 47001),
        *(48008, 50001, 200011, 200012, 200013, 200014, 200015, 200016, 200017, 200018, 200019, 200020),
        *(200021, 200022, 200100),
    ],
    Reaction.STOP_ACCOUNT: [
        *(40002, 40013, 40125, 40164, 40243, 41001, 41002, 41004, 43106, 45103, 45109, 48001, 48004, 48006),
        *(50004, 50007, 61004, 61007, 89503, 89506, 89507),
    ],
    Reaction.DONE: [45065],
}


@pytest.mark.parametrize(
    ("errcode", "reaction"), [(errcode, reaction) for reaction, codes in ROWS.items() for errcode in codes]
)
def test_an_errcode_has_its_reaction_and_a_chinese_sentence(errcode: int, reaction: Reaction) -> None:
    rule = reaction_to(errcode)

    assert rule.known
    assert rule.errcode == errcode
    assert rule.reaction is reaction
    assert any("一" <= character <= "鿿" for character in rule.sentence)


def test_the_list_above_is_the_whole_table() -> None:
    listed = sorted(errcode for codes in ROWS.values() for errcode in codes)

    assert listed == sorted(RULES)


def test_an_unknown_errcode_gives_up_one_recipient_and_five_in_a_row_stop_the_campaign() -> None:
    rule = reaction_to(99999)

    assert not rule.known
    assert rule.reaction is Reaction.GIVE_UP_RECIPIENT
    assert rule.stop_campaign_after == 5


@pytest.mark.parametrize(
    ("errcode", "fact"),
    [
        (43004, RecipientFact.UNFOLLOWED),
        (50005, RecipientFact.UNFOLLOWED),
        (43101, RecipientFact.CREDIT_SPENT),
        (40003, RecipientFact.WRONG_OPENID),
        (49003, RecipientFact.WRONG_OPENID),
        (47003, None),
    ],
)
def test_a_refusal_teaches_us_about_the_recipient(errcode: int, fact: RecipientFact | None) -> None:
    assert reaction_to(errcode).fact is fact


@pytest.mark.parametrize(
    ("errcode", "limit"), [(40037, 3), (40249, 3), (45168, 3), (47003, 5), (43101, None)]
)
def test_some_refusals_in_a_row_stop_the_campaign(errcode: int, limit: int | None) -> None:
    assert reaction_to(errcode).stop_campaign_after == limit


def test_a_busy_wechat_is_tried_four_times_more() -> None:
    rule = reaction_to(-1)

    assert (rule.wait_seconds, rule.retries) == (1, 4)


def test_a_duplicate_in_60_seconds_is_tried_once_more_and_then_taken_as_sent() -> None:
    rule = reaction_to(40241)

    assert (rule.wait_seconds, rule.retries, rule.afterwards) == (61, 1, Reaction.DONE)


def test_token_faults_are_the_three_codes_of_a_bad_token() -> None:
    assert frozenset({40001, 40014, 42001}) == TOKEN_FAULTS


def test_a_refusal_keeps_wechats_request_number_and_the_reason_for_people() -> None:
    refusal = WeChatRefused(errcode=43101, errmsg="user refuse to accept the msg rid: 64f1-abc-99")

    assert refusal.rid == "64f1-abc-99"
    assert refusal.reaction is Reaction.GIVE_UP_RECIPIENT
    assert refusal.sentence == "对方没有订阅，或订阅次数已用完"
