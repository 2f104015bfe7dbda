"""What is known of the people whom a campaign could be for, each source of it read once.

Neighbours of one stretch are read together: the bounds stand inside every grouped join, or each step would
group a whole table.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.campaigns.models import Campaign
from app.campaigns.queries.choosing import Source, Statement, concat
from app.campaigns.queries.people import People
from app.campaigns.rules import reached_since
from app.core.clock import china_date
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.rules.choosing import OPEN_ROAD, Fact, Roads
from app.people.enums import ConsentChannel, ConsentPurpose

BEREAVEMENT = "bereavement"

# Families of a pairing in force that count for a festival: still in the register.
FAMILIES = (
    "FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id AND b.status = 'active'"
    " WHERE p.started_on <= %s AND (p.ended_on IS NULL OR p.ended_on > %s)"
)
_IS_MUTED = "b.muted_until >= %s"
_IS_AWAKE = "(b.muted_until IS NULL OR b.muted_until < %s)"
# 官方方案 三(一): a call, a message or a visit counts; an attempt does not.
_REACHED = (
    "EXISTS (SELECT 1 FROM contact t WHERE t.pairing_id = p.id AND t.occurred_on >= %s"
    " AND t.undone_at IS NULL AND t.outcome <> 'tried')"
)
DUE = f"{FAMILIES} AND {_IS_AWAKE} AND NOT {_REACHED}"
IN_MOURNING = f"{FAMILIES} AND {_IS_MUTED} AND b.mute_reason = '{BEREAVEMENT}'"
# Families that a cadre could call: in the register, nobody mourns, and a pairing in force.
CALLABLE = (
    "SELECT 1 FROM guardianship s JOIN beneficiary b ON b.id = s.beneficiary_id AND b.status = 'active'"
    f" AND {_IS_AWAKE} JOIN pairing p ON p.beneficiary_id = b.id AND p.started_on <= %s"
    " AND (p.ended_on IS NULL OR p.ended_on > %s) JOIN cadre c ON c.id = p.cadre_id AND c.status = 'active'"
    " WHERE NOT EXISTS (SELECT 1 FROM guardianship o JOIN beneficiary z ON z.id = o.beneficiary_id"
    f" WHERE o.guardian_id = s.guardian_id AND z.muted_until >= %s AND z.mute_reason = '{BEREAVEMENT}')"
)


def cadres(campaign: Campaign, *, people: People, now: datetime) -> Source:
    """Return the cadres of a reminder: their phones, their credits, and the families that wait for a call.

    No scope: their region was checked when the campaign was composed.
    """
    if campaign.festival_on is None:
        raise ValueError(f"campaign {campaign.id} is a festival reminder without a day")
    today, since = china_date(now), reached_since(campaign.festival_on)
    condition, values = people.condition()
    phones, phone_values = people.of("j.cadre_id")
    select = (
        "SELECT x.id, x.org_code AS region_code, i.openid, COALESCE(s.remaining, 0) AS remaining,"
        f" (SELECT COUNT(*) {DUE} AND p.cadre_id = x.id) AS amount,"
        f" (SELECT COUNT(*) {IN_MOURNING} AND p.cadre_id = x.id) AS mourning,"
        f" ({_REMINDED}) AS reminded FROM cadre x"
        f" LEFT JOIN ({_latest('mini', 'cadre_id', phones)}) n ON n.cadre_id = x.id"
        " LEFT JOIN wechat_identity i ON i.id = n.id"
        " LEFT JOIN subscription_credit s ON s.openid = i.openid AND s.template_id = %s"
        f" WHERE x.status = 'active' AND {condition}"
    )
    return Source(
        select=select,
        values=(
            *(today, today, today, since),
            *(today, today, today),
            *(campaign.id, campaign.festival_on),
            *phone_values,
            campaign.template_id,
            *values,
        ),
        hindrances=(
            (Reason.BEREAVEMENT, "f.amount = 0 AND f.mourning > 0"),
            (Reason.NOTHING_DUE, "f.amount = 0"),
            (Reason.ALREADY_REMINDED, "f.reminded > 0"),
        ),
        facts={Fact.BOUND_MINI: "(f.openid IS NOT NULL)", Fact.CREDIT_MINI: "(f.remaining > 0)"},
        consents={Channel.MINI_SUBSCRIBE: "'subscription'"},
    )


_ENDED_UNSENT = ", ".join(
    f"'{state.value}'"
    for state in (
        MessageState.SUPPRESSED,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
        MessageState.FAILED,
    )
)
# A province and its county may both remind of one festival: the cadre hears of it once.
_REMINDED = (
    "SELECT COUNT(*) FROM message m JOIN campaign k ON k.id = m.campaign_id"
    " WHERE m.recipient_kind = 'cadre' AND m.recipient_id = x.id AND m.campaign_id <> %s"
    f" AND m.state NOT IN ({_ENDED_UNSENT}) AND k.festival_on = %s"
)


def _latest(app: str, owner: str, condition: str) -> str:
    """Return the SQL for the WeChat that each person used last; two phones get one message."""
    return (
        f"SELECT j.{owner}, MAX(j.id) AS id FROM wechat_identity j"
        f" WHERE j.app = '{app}' AND {condition} GROUP BY j.{owner}"
    )


# What a guardian agreed to, and by which column it is known.
_AGREED = {
    Fact.AGREED: ("agreed", ConsentPurpose.POLICY_NOTICE, ConsentChannel.OFFICIAL_TEMPLATE),
    Fact.AGREED_SMS: ("agreed_sms", ConsentPurpose.POLICY_NOTICE, ConsentChannel.SMS),
    Fact.AGREED_GREETING: ("agreed_greeting", ConsentPurpose.FESTIVAL_GREETING, ConsentChannel.MASS_SEND),
}


def guardians(campaign: Campaign, *, people: People, roads: Roads, now: datetime) -> Source:
    """Return the guardians of a notice: what they agreed to, and by which open ways they can be reached.

    No scope: their region was checked when the campaign was composed. What only a closed way would need is
    not read.
    """
    parts = _Parts(["x.id", "x.region_code", "x.muted_at", "0 AS amount"], [], [])
    _join_follower(parts, people)
    _join_consents(parts, people, (Fact.AGREED, Fact.AGREED_SMS))
    if _is_open(roads, Channel.OFFICIAL_SUBSCRIBE):
        parts.join(
            "COALESCE(s.remaining, 0) AS remaining",
            "LEFT JOIN subscription_credit s ON s.openid = i.openid AND s.template_id = %s",
            (campaign.subscribe_template_id,),
        )
    if _needs_windows(roads):
        parts.join(
            "COALESCE(w.remaining, 0) AS in_window",
            "LEFT JOIN (SELECT v.openid, SUM(v.remaining) AS remaining FROM service_window v"
            " WHERE v.closes_at > %s GROUP BY v.openid) w ON w.openid = i.openid",
            (now,),
        )
    else:
        # Whoever has one gets a template message, so that nobody has to look.
        parts.columns.append("0 AS in_window")
    if _is_open(roads, Channel.SMS):
        parts.columns.append("x.phone_index")
    if _is_open(roads, Channel.CALL_TASK):
        _join_cadre(parts, people, today=china_date(now))
    select, values = parts.select(people)
    return Source(
        select=select,
        values=values,
        hindrances=((Reason.MUTED, "f.muted_at IS NOT NULL"),),
        facts=GUARDIAN_FACTS,
        consents=consents_of_guardians(),
    )


def consents_of_guardians() -> dict[Channel, str]:
    """Return the SQL for what a message by each way to a guardian rests on.

    No scope: it reads nothing.
    """
    agreed = concat("'consent:'", "f.agreed")
    return {
        Channel.OFFICIAL_SUBSCRIBE: "'subscription'",
        Channel.OFFICIAL_TEMPLATE: agreed,
        Channel.CUSTOMER_SERVICE: agreed,
        Channel.SMS: concat("'consent:'", "f.agreed_sms"),
        Channel.MASS_SEND: concat("'consent:'", "f.agreed_greeting"),
        # A cadre calls his families by his office, so the pairing is what the call rests on.
        Channel.CALL_TASK: concat("'pairing:'", "f.pairing_id"),
    }


GUARDIAN_FACTS = {
    Fact.BOUND: "(f.openid IS NOT NULL)",
    Fact.FOLLOWS: "(COALESCE(f.follows, 0) = 1)",
    Fact.CREDIT: "(f.remaining > 0)",
    Fact.WINDOW: "(f.in_window > 0)",
    Fact.AGREED: "(f.agreed IS NOT NULL)",
    Fact.AGREED_SMS: "(f.agreed_sms IS NOT NULL)",
    Fact.AGREED_GREETING: "(f.agreed_greeting IS NOT NULL)",
    Fact.PHONE: "(f.phone_index IS NOT NULL)",
    Fact.CADRE: "(f.pairing_id IS NOT NULL)",
}


def greeted(campaign: Campaign, *, people: People, now: datetime) -> Source:
    """Return the guardians of a greeting: who agreed to one, who mourns, and whom somebody reached in person.

    No scope: their region was checked when the campaign was composed.
    """
    if campaign.festival_on is None:
        raise ValueError(f"campaign {campaign.id} is a festival greeting without a day")
    parts = _Parts(["x.id", "x.region_code", "x.muted_at", "0 AS amount"], [], [])
    _join_follower(parts, people)
    _join_consents(parts, people, (Fact.AGREED_GREETING,))
    _join_families(parts, people, today=china_date(now), since=reached_since(campaign.festival_on))
    select, values = parts.select(people)
    return Source(
        select=select,
        values=values,
        hindrances=(
            (Reason.BEREAVEMENT, "COALESCE(f.mourning, 0) > 0"),
            # A family may wish to be left in peace on festivals, whatever its guardian said about himself.
            (Reason.MUTED, "(f.muted_at IS NOT NULL OR COALESCE(f.resting, 0) > 0)"),
            (Reason.NOTHING_DUE, "COALESCE(f.families, 0) = 0"),
            # DESIGN 2.3: a message goes to a family only if nobody reached it.
            (Reason.ALREADY_REACHED, "f.reached > 0"),
        ),
        facts=GUARDIAN_FACTS,
        consents=consents_of_guardians(),
    )


@dataclass(slots=True)
class _Parts:
    """A SELECT of guardians that grows by one source after the other."""

    columns: list[str]
    joins: list[str]
    values: list[Any]

    def join(self, columns: str, text: str, values: Sequence[Any] = ()) -> None:
        self.columns.append(columns)
        self.joins.append(text)
        self.values += values

    def select(self, people: People) -> tuple[str, tuple[Any, ...]]:
        condition, values = people.condition()
        text = f"SELECT {', '.join(self.columns)} FROM guardian x {' '.join(self.joins)} WHERE {condition}"
        return text, (*self.values, *values)


def _is_open(roads: Roads, channel: Channel) -> bool:
    return roads.get(channel, OPEN_ROAD).closed is None


def _needs_windows(roads: Roads) -> bool:
    """Tell whether windows can change anything: whoever has one could get a template message as well."""
    template = roads.get(Channel.OFFICIAL_TEMPLATE, OPEN_ROAD)
    return _is_open(roads, Channel.CUSTOMER_SERVICE) and (template.closed is not None or not template.in_time)


def _join_follower(parts: _Parts, people: People) -> None:
    condition, values = people.of("j.guardian_id")
    parts.join(
        "i.openid, i.follows",
        f"LEFT JOIN ({_latest('official', 'guardian_id', condition)}) n ON n.guardian_id = x.id"
        " LEFT JOIN wechat_identity i ON i.id = n.id",
        values,
    )


def _join_consents(parts: _Parts, people: People, wanted: Sequence[Fact]) -> None:
    condition, values = people.of("k.guardian_id")
    named = [_AGREED[fact] for fact in wanted]
    latest = ", ".join(
        f"MAX(CASE WHEN k.channel = '{channel.value}' THEN k.id END) AS {column}"
        for column, _, channel in named
    )
    parts.join(
        ", ".join(f"c.{column}" for column, _, _ in named),
        f"LEFT JOIN (SELECT k.guardian_id, {latest} FROM consent k WHERE {condition} AND k.purpose = %s"
        " AND k.withdrawn_at IS NULL GROUP BY k.guardian_id) c ON c.guardian_id = x.id",
        (*values, named[0][1].value),
    )


_MOURNS = f"{_IS_MUTED} AND b.mute_reason = '{BEREAVEMENT}'"


def _join_cadre(parts: _Parts, people: People, *, today: date) -> None:
    """Join who could call each guardian; nobody is asked to call a family one of whose members mourns."""
    condition, values = people.of("g.guardian_id")
    parts.join(
        "h.pairing_id",
        f"LEFT JOIN (SELECT g.guardian_id, CASE WHEN SUM(CASE WHEN {_MOURNS} THEN 1 ELSE 0 END) = 0 THEN"
        f" MIN(CASE WHEN b.status = 'active' AND {_IS_AWAKE} AND c.id IS NOT NULL THEN p.id END)"
        " END AS pairing_id FROM guardianship g JOIN beneficiary b ON b.id = g.beneficiary_id"
        " LEFT JOIN pairing p ON p.beneficiary_id = b.id AND p.started_on <= %s"
        " AND (p.ended_on IS NULL OR p.ended_on > %s)"
        " LEFT JOIN cadre c ON c.id = p.cadre_id AND c.status = 'active'"
        f" WHERE {condition} GROUP BY g.guardian_id) h ON h.guardian_id = x.id",
        (today, today, today, today, *values),
    )


def _join_families(parts: _Parts, people: People, *, today: date, since: date) -> None:
    """Join the families of each guardian: how many are in the register, mourn, and were reached of late."""
    condition, values = people.of("g.guardian_id")
    parts.join(
        "h.families, h.resting, h.mourning, h.reached",
        "LEFT JOIN (SELECT g.guardian_id, SUM(CASE WHEN b.status = 'active' THEN 1 ELSE 0 END) AS families,"
        f" SUM(CASE WHEN {_IS_MUTED} THEN 1 ELSE 0 END) AS resting,"
        f" SUM(CASE WHEN {_MOURNS} THEN 1 ELSE 0 END) AS mourning,"
        f" SUM(CASE WHEN {_REACHED} THEN 1 ELSE 0 END) AS reached"
        " FROM guardianship g JOIN beneficiary b ON b.id = g.beneficiary_id"
        # Whoever reached them counts, also a cadre who handed them over meanwhile.
        " LEFT JOIN pairing p ON p.beneficiary_id = b.id AND (p.ended_on IS NULL OR p.ended_on >= %s)"
        f" WHERE {condition} GROUP BY g.guardian_id) h ON h.guardian_id = x.id",
        (today, today, since, since, *values),
    )


def colleagues(ids: Sequence[int], *, channel: Channel, template_id: str) -> Statement:
    """Return the statement for colleagues who get what is meant for guardians first, in the service account.

    No scope: they are on the trial list (试发名单) of the campaign's own federation. WeChat tells only by
    the union id that a follower of the service account and a user of the mini program are one person.
    """
    condition, values = People("cadre", ids=tuple(ids)).condition()
    text = (
        f"SELECT a.id AS recipient_id, a.org_code AS region_code, '{channel.value}' AS channel, a.openid,"
        " %s AS template_id, 'trial_list' AS consent, '' AS choice,"
        f" 0 AS amount, CASE WHEN a.openid IS NULL THEN '{Reason.NOT_BOUND.value}'"
        f" WHEN a.follows = 0 THEN '{Reason.NOT_FOLLOWING.value}' END AS reason"
        " FROM (SELECT x.id, x.org_code, i.openid, i.follows FROM cadre x"
        " LEFT JOIN wechat_identity i ON i.id = (SELECT MAX(j.id) FROM wechat_identity j"
        " WHERE j.app = 'official' AND (j.cadre_id = x.id OR j.unionid IN"
        " (SELECT k.unionid FROM wechat_identity k WHERE k.cadre_id = x.id AND k.app = 'mini')))"
        f" WHERE x.status = 'active' AND {condition}) a"
    )
    return Statement(text, (template_id, *values))
