"""The statement of the audience chooses exactly as the pure rule does, for everything that can be true."""

# ruff: noqa: S608 - only words of this file are put into statements

from collections.abc import Mapping
from itertools import product

import pytest

from app.campaigns.queries.choosing import Source, chosen
from app.campaigns.queries.sources import GUARDIAN_FACTS, consents_of_guardians
from app.core import sql
from app.messaging.enums import Channel, Purpose, Reason
from app.messaging.rules.choosing import MAIN_CHANNEL, OPEN_ROAD, Fact, Road, Roads, choose

pytestmark = pytest.mark.usefixtures("db")

SLOW, OFF = Road(in_time=False), Road(closed=Reason.CHANNEL_OFF)
USED_UP = Road(closed=Reason.QUOTA_USED)
# One column for each fact, as the sources of a campaign name them: what stands there when it is true, or not.
COLUMNS: Mapping[Fact, tuple[str, str, str]] = {
    Fact.BOUND: ("openid", "'o-1'", "NULL"),
    Fact.FOLLOWS: ("follows", "1", "0"),
    Fact.CREDIT: ("remaining", "2", "0"),
    Fact.WINDOW: ("in_window", "5", "0"),
    Fact.AGREED: ("agreed", "11", "NULL"),
    Fact.AGREED_GREETING: ("agreed_greeting", "12", "NULL"),
    Fact.AGREED_SMS: ("agreed_sms", "13", "NULL"),
    Fact.PHONE: ("phone_index", "'p-1'", "NULL"),
    Fact.CADRE: ("pairing_id", "14", "NULL"),
}
EVERYBODY = [
    {fact for fact, is_true in zip(COLUMNS, truths, strict=True) if is_true}
    for truths in product([True, False], repeat=len(COLUMNS))
]
CONSENTS = {
    Channel.OFFICIAL_SUBSCRIBE: "subscription",
    Channel.OFFICIAL_TEMPLATE: "consent:11",
    Channel.CUSTOMER_SERVICE: "consent:11",
    Channel.MASS_SEND: "consent:12",
    Channel.SMS: "consent:13",
    Channel.CALL_TASK: "pairing:14",
}
TEMPLATES = {Channel.OFFICIAL_TEMPLATE: "t-1", Channel.OFFICIAL_SUBSCRIBE: "t-2", Channel.SMS: "t-3"}


def _people() -> Source:
    facts = list(enumerate(COLUMNS.values()))
    columns = "".join(
        f", CASE WHEN t{n}.v = 1 THEN {yes} ELSE {no} END AS {name}" for n, (name, yes, no) in facts
    )
    # The first fact is the highest bit, as `product` counts.
    number = " + ".join(f"(1 - t{n}.v) * {2 ** (len(facts) - 1 - n)}" for n, _ in facts)
    tables = " CROSS JOIN ".join(f"(SELECT 1 AS v UNION ALL SELECT 0) t{n}" for n, _ in facts)
    return Source(
        select=f"SELECT {number} AS id, '370102' AS region_code, 0 AS amount{columns} FROM {tables}",
        values=(),
        hindrances=(),
        facts=GUARDIAN_FACTS,
        consents=consents_of_guardians(),
    )


@pytest.mark.parametrize(
    "roads",
    [
        {},
        {Channel.OFFICIAL_SUBSCRIBE: OFF},
        {Channel.OFFICIAL_TEMPLATE: SLOW},
        {Channel.OFFICIAL_TEMPLATE: USED_UP},
        {Channel.OFFICIAL_TEMPLATE: SLOW, Channel.CUSTOMER_SERVICE: OFF, Channel.CALL_TASK: OFF},
        {Channel.OFFICIAL_SUBSCRIBE: SLOW, Channel.OFFICIAL_TEMPLATE: SLOW, Channel.SMS: SLOW},
        {Channel.OFFICIAL_SUBSCRIBE: OFF, Channel.SMS: OFF, Channel.CALL_TASK: OFF},
        {Channel.MASS_SEND: OFF},
        dict.fromkeys(Channel, OFF),
        dict.fromkeys(Channel, OPEN_ROAD),
    ],
    ids=lambda roads: ",".join(f"{one.value}:{road}" for one, road in roads.items())[:60] or "open",
)
@pytest.mark.parametrize("purpose", [Purpose.POLICY_NOTICE, Purpose.FESTIVAL_GREETING])
async def test_the_statement_and_the_rule_choose_alike(purpose: Purpose, roads: Roads) -> None:
    statement = chosen(_people(), purpose=purpose, roads=roads, templates=TEMPLATES)

    rows = await sql.fetch(f"{statement.text} ORDER BY recipient_id", statement.values)

    assert len(rows) == len(EVERYBODY) == 512
    for row, facts in zip(rows, EVERYBODY, strict=True):
        expected = choose(purpose, facts=facts, roads=roads)
        channel = expected.channel or MAIN_CHANNEL[purpose]
        assert (row["channel"], row["reason"], row["choice"]) == (channel, expected.reason, expected.text)
        assert row["template_id"] == TEMPLATES.get(channel, "")
        assert row["consent"] == (CONSENTS[channel] if expected.channel else "")
        is_away = expected.channel in {Channel.SMS, Channel.CALL_TASK}
        assert (row["openid"] is not None) == (Fact.BOUND in facts and not is_away)


async def test_whoever_is_hindered_is_not_chosen_for_and_the_first_hindrance_is_told() -> None:
    people = _people()
    hindered = Source(
        select=people.select,
        values=people.values,
        hindrances=((Reason.MUTED, "f.follows = 0"), (Reason.BEREAVEMENT, "f.agreed IS NULL")),
        facts=people.facts,
        consents=people.consents,
    )
    statement = chosen(hindered, purpose=Purpose.POLICY_NOTICE, roads={}, templates=TEMPLATES)

    rows = await sql.fetch(f"{statement.text} ORDER BY recipient_id", statement.values)

    for row, facts in zip(rows, EVERYBODY, strict=True):
        if Fact.FOLLOWS not in facts:
            assert (row["reason"], row["choice"], row["consent"]) == (Reason.MUTED, "", "")
        elif Fact.AGREED not in facts:
            assert row["reason"] == Reason.BEREAVEMENT
        else:
            assert row["reason"] not in {Reason.MUTED, Reason.BEREAVEMENT}
