"""Quotas decided and told without a database."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import china_moment
from app.messaging.enums import Channel
from app.messaging.notices import quota_sentence
from app.messaging.rules.quotas import LIMITS, Allowances, Period, Wish, account_of, grant
from tests.conftest import NOW

TODAY = date(2026, 5, 17)


def test_a_day_ends_at_midnight_in_the_province_and_a_month_on_its_last_day() -> None:
    assert Period.DAY.name_of(date(2026, 5, 31)) == "2026-05-31"
    assert Period.MONTH.name_of(date(2026, 5, 31)) == "2026-05"
    assert Period.DAY.next_morning(date(2026, 5, 31)) == china_moment(date(2026, 6, 1), 8)
    assert Period.MONTH.next_morning(date(2026, 12, 5)) == china_moment(date(2027, 1, 1), 8)


def test_a_setting_replaces_the_number_of_a_channel_or_of_one_template() -> None:
    chosen = Allowances({"official_template": 5, "official_template:t1": 2})

    assert [limit.allowed for limit in chosen.of(Channel.OFFICIAL_TEMPLATE, "t1")] == [5, 2]
    assert [limit.allowed for limit in chosen.of(Channel.OFFICIAL_TEMPLATE, "t2")] == [5, 100_000]
    assert [limit.allowed for limit in Allowances().of(Channel.MINI_SUBSCRIBE, "t")] == [10_000_000] * 2


wishes = st.lists(st.tuples(st.sampled_from(["t1", "t2", "t3"]), st.booleans()), max_size=40)


@given(
    wishes=wishes, left=st.integers(min_value=0, max_value=30), of_one=st.integers(min_value=0, max_value=10)
)
def test_never_more_is_granted_than_is_left_and_nothing_that_is_left_is_kept_from_anybody(
    wishes: list[tuple[str, bool]], left: int, of_one: int
) -> None:
    asked = [
        Wish(number, Channel.OFFICIAL_TEMPLATE, template_id, passes)
        for number, (template_id, passes) in enumerate(wishes)
    ]
    rest = {
        account_of(limit, template_id, day=TODAY): of_one if limit.per_template else left
        for limit in LIMITS
        for template_id in ("t1", "t2", "t3")
    }

    grants = grant(asked, left=rest, allowances=Allowances(), now=NOW)

    waiting = [one for ids in grants.waiting.values() for one in ids]
    assert sorted([*grants.counted, *grants.free, *waiting]) == list(range(len(wishes)))
    assert len(grants.counted) <= left
    assert not {one for one in waiting if wishes[one][1]}
    for template_id in ("t1", "t2", "t3"):
        mine = [one for one in grants.counted if wishes[one][0] == template_id]
        assert len(mine) <= of_one
        if [one for one in waiting if wishes[one][0] == template_id]:
            assert len(mine) == of_one or len(grants.counted) == left


def test_a_quota_is_told_in_words() -> None:
    def said(**facts: Any) -> str:
        row: dict[str, Any] = {
            "channel": Channel.OFFICIAL_TEMPLATE,
            "template_id": "",
            "period": "2026-05-17",
            "allowed": 9,
            "used": 2,
            "is_closed": False,
        }
        return quota_sentence(**row | facts)

    assert said() == "服务号模板消息：今天已用2，额度9。"
    assert said(template_id="t1") == "服务号模板消息（模板t1）：今天已用2，额度9。"
    assert said(used=9, period="2026-05") == "服务号模板消息：本月的额度9已用完，下个月早上继续发送。"
    assert said(is_closed=True) == "服务号模板消息：微信告知今天的额度已用完，明天早上继续发送。"
