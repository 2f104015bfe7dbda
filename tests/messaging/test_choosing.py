"""Which way a message takes, as laws over all combinations."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.enums import Channel, Purpose, Reason
from app.messaging.rules.choosing import (
    ALLOWED_WAYS,
    CONSENT_FACTS,
    LACKING,
    MAIN_CHANNEL,
    OPEN_ROAD,
    Choice,
    Fact,
    Road,
    choice_sentence,
    choose,
    fits,
    road,
)

NOW = datetime(2026, 5, 17, 1, 0, tzinfo=UTC)
ALL_FACTS = frozenset(Fact)

# An answer to a person has no choice: it leaves through the window that he opened.
CHOSEN = [purpose for purpose in Purpose if purpose is not Purpose.REPLY]
purposes = st.sampled_from(CHOSEN)
facts_of_people = st.frozensets(st.sampled_from(list(Fact)))
roads_of_campaigns = st.dictionaries(
    st.sampled_from(list(Channel)),
    st.one_of(
        st.builds(Road, in_time=st.booleans()),
        st.builds(Road, closed=st.sampled_from([Reason.CHANNEL_OFF, Reason.QUOTA_USED])),
    ),
)


@given(purpose=purposes, facts=facts_of_people, roads=roads_of_campaigns)
def test_nobody_is_written_to_by_a_way_that_is_forbidden_or_that_he_did_not_agree_to(
    purpose: Purpose, facts: frozenset[Fact], roads: dict[Channel, Road]
) -> None:
    choice = choose(purpose, facts=facts, roads=roads)

    if choice.channel is not None:
        assert choice.channel in {way.channel for way in ALLOWED_WAYS[purpose]}
        assert CONSENT_FACTS[choice.channel] in facts
        assert roads.get(choice.channel, OPEN_ROAD).closed is None


@given(purpose=purposes, facts=facts_of_people, roads=roads_of_campaigns)
def test_it_is_the_cheapest_of_those_that_fit_and_come_in_time(
    purpose: Purpose, facts: frozenset[Fact], roads: dict[Channel, Road]
) -> None:
    choice = choose(purpose, facts=facts, roads=roads)
    open_ways = [
        way
        for way in ALLOWED_WAYS[purpose]
        if fits(way, facts) and roads.get(way.channel, OPEN_ROAD).closed is None
    ]
    in_time = [way for way in open_ways if roads.get(way.channel, OPEN_ROAD).in_time and not way.is_last]

    if not open_ways:
        assert choice.channel is None
        assert choice.reason is not None
    elif in_time:
        assert choice.channel is min(in_time, key=lambda way: way.cost).channel
    else:
        cheapest = min(open_ways, key=lambda way: (way.is_last, way.cost))
        assert choice.channel is cheapest.channel


@given(purpose=purposes, facts=facts_of_people, roads=roads_of_campaigns)
def test_every_cheaper_way_is_told_with_its_reason_and_it_fits_the_column(
    purpose: Purpose, facts: frozenset[Fact], roads: dict[Channel, Road]
) -> None:
    choice = choose(purpose, facts=facts, roads=roads)

    assert choice == choose(purpose, facts=tuple(sorted(facts, key=str)), roads=roads)
    costs = {way.channel: way.cost for way in ALLOWED_WAYS[purpose]}
    assert {channel for channel, _ in choice.passed} == {
        channel for channel, cost in costs.items() if choice.channel is None or cost < costs[choice.channel]
    }
    assert len(choice.text) <= 200
    sentence = choice_sentence(choice.text, channel=choice.channel or MAIN_CHANNEL[purpose])
    assert sentence.endswith("没有其他办法送达") is (choice.channel is None)


@given(facts=facts_of_people, roads=roads_of_campaigns, more=st.sampled_from(list(Fact)))
def test_knowing_more_ways_to_somebody_never_makes_him_unreachable(
    facts: frozenset[Fact], roads: dict[Channel, Road], more: Fact
) -> None:
    before = choose(Purpose.POLICY_NOTICE, facts=facts, roads=roads)
    after = choose(Purpose.POLICY_NOTICE, facts=facts | {more}, roads=roads)

    assert before.channel is None or after.channel is not None


@pytest.mark.parametrize("purpose", CHOSEN)
def test_the_longest_choice_has_room_in_its_column(purpose: Purpose) -> None:
    longest = max(len(reason.value) for reason in [*LACKING.values(), Reason.CHANNEL_OFF, Reason.TOO_SLOW])

    assert sum(len(way.channel.value) + longest + 2 for way in ALLOWED_WAYS[purpose]) <= 200


def test_a_greeting_is_never_a_template_message_and_never_a_subscription() -> None:
    for size in range(len(Fact) + 1):
        for facts in combinations(Fact, size):
            choice = choose(Purpose.FESTIVAL_GREETING, facts=facts, roads={})
            assert choice.channel in {None, Channel.MASS_SEND}


def test_a_reminder_that_nobody_accepted_is_not_sent_another_way() -> None:
    choice = choose(Purpose.FESTIVAL_REMINDER, facts=ALL_FACTS - {Fact.CREDIT_MINI}, roads={})

    assert (choice.channel, choice.reason) == (None, Reason.NO_CREDIT)


@pytest.mark.parametrize(
    ("missing", "channel", "text", "sentence"),
    [
        (set(), "official_subscribe", "", "用订阅通知"),
        (
            {Fact.CREDIT},
            "official_template",
            "official_subscribe:no_credit",
            "订阅通知没有可用次数，改用模板消息",
        ),
        (
            {Fact.CREDIT, Fact.FOLLOWS},
            "sms",
            "official_subscribe:no_credit,official_template:not_following,customer_service:not_following",
            "订阅通知没有可用次数，模板消息没有关注服务号，客服消息没有关注服务号，改用短信",
        ),
        (
            {Fact.BOUND, Fact.AGREED, Fact.PHONE},
            "call_task",
            "official_subscribe:not_bound,official_template:no_consent,customer_service:no_consent,sms:no_phone",
            "订阅通知没有绑定微信，模板消息没有同意接收，客服消息没有同意接收，短信没有登记手机号，改用干部打电话",
        ),
    ],
)
def test_a_policy_notice_takes_the_next_way_when_one_is_missing(
    missing: set[Fact], channel: str, text: str, sentence: str
) -> None:
    choice = choose(Purpose.POLICY_NOTICE, facts=ALL_FACTS - missing, roads={})

    assert choice.channel is not None
    assert (choice.channel.value, choice.text) == (channel, text)
    assert choice_sentence(choice.text, channel=choice.channel) == sentence


def test_whom_no_way_reaches_has_the_reason_of_the_main_way() -> None:
    choice = choose(Purpose.POLICY_NOTICE, facts={Fact.BOUND, Fact.AGREED}, roads={})

    assert (choice.channel, choice.reason) == (None, Reason.NOT_FOLLOWING)
    sentence = choice_sentence(choice.text, channel=Channel.OFFICIAL_TEMPLATE)
    assert sentence.endswith("，没有能打电话的帮扶干部，没有其他办法送达")


def test_a_way_that_is_too_slow_is_passed_over_only_for_one_that_is_not() -> None:
    slow = {Channel.OFFICIAL_TEMPLATE: Road(in_time=False)}
    agreed = {Fact.AGREED, Fact.BOUND, Fact.FOLLOWS, Fact.CADRE}

    assert choose(Purpose.POLICY_NOTICE, facts=agreed, roads=slow).channel is Channel.OFFICIAL_TEMPLATE
    dearer = choose(Purpose.POLICY_NOTICE, facts=agreed | {Fact.AGREED_SMS, Fact.PHONE}, roads=slow)
    assert dearer == Choice(
        channel=Channel.SMS,
        passed=[
            (Channel.OFFICIAL_SUBSCRIBE, Reason.NO_CREDIT),
            (Channel.OFFICIAL_TEMPLATE, Reason.TOO_SLOW),
            (Channel.CUSTOMER_SERVICE, Reason.WINDOW_CLOSED),
        ],
    )


def test_what_is_switched_off_is_not_told_as_news_of_the_person() -> None:
    off = {Channel.OFFICIAL_SUBSCRIBE: Road(closed=Reason.CHANNEL_OFF)}
    choice = choose(Purpose.POLICY_NOTICE, facts=ALL_FACTS, roads=off)

    assert choice.text == "official_subscribe:channel_off"
    assert choice_sentence(choice.text, channel=Channel.OFFICIAL_TEMPLATE) == "用模板消息"


@pytest.mark.parametrize(
    ("left_today", "days", "messages", "expected"),
    [
        (100, 0, 100, OPEN_ROAD),
        (100, 0, 101, Road(in_time=False)),
        (0, 0, 1, Road(closed=Reason.QUOTA_USED)),
        (0, 1, 100, OPEN_ROAD),
        (50, 2, 251, Road(in_time=False)),
    ],
)
def test_a_road_is_judged_by_what_is_left_today_and_the_days_to_come(
    left_today: int, days: int, messages: int, expected: Road
) -> None:
    evening = NOW + timedelta(days=days, hours=12)

    judged = road(
        is_on=True, messages=messages, left_today=left_today, per_day=100, now=NOW, expires_at=evening
    )

    assert judged == expected


def test_a_road_without_a_quota_is_open_unless_it_is_switched_off() -> None:
    def judged(*, is_on: bool) -> Road:
        return road(is_on=is_on, messages=10**6, left_today=None, per_day=None, now=NOW, expires_at=NOW)

    assert judged(is_on=True) == OPEN_ROAD
    assert judged(is_on=False).closed is Reason.CHANNEL_OFF


@pytest.mark.parametrize("purpose", CHOSEN)
def test_every_way_says_what_agreement_it_rests_on(purpose: Purpose) -> None:
    for way in ALLOWED_WAYS[purpose]:
        assert CONSENT_FACTS[way.channel] in way.needs
        assert all(need in LACKING for need in way.needs)
    assert MAIN_CHANNEL[purpose] in {way.channel for way in ALLOWED_WAYS[purpose]}
