"""Pushes that arrive together share a transaction, and nobody notices."""

import asyncio
from dataclasses import replace

from app.accounts.enums import WeChatApp
from app.bot.enums import PushKind, PushState
from app.bot.inbox import receive_push
from app.bot.models import WeChatPush
from app.wechat.callback import Push
from app.wechat.push import read_push, read_tree
from tests.bot.factories import event, template_receipt, text
from tests.conftest import NOW


def pushed(plain: str) -> Push:
    tree, _ = read_tree(plain.encode())
    return read_push(tree)


async def together(*pushes: Push) -> list[WeChatPush]:
    return list(
        await asyncio.gather(*(receive_push(app=WeChatApp.OFFICIAL, push=push, now=NOW) for push in pushes))
    )


async def test_pushes_that_arrive_together_each_have_their_row(db: None) -> None:
    receipts = [pushed(template_receipt(str(number))) for number in range(20)]

    stored = await together(*receipts)

    assert [row.dedupe_key for row in stored] == [push.dedupe_key for push in receipts]
    rows = await WeChatPush.all()
    assert {row.dedupe_key for row in rows} == {push.dedupe_key for push in receipts}
    assert {(row.kind, row.state, row.next_at) for row in rows} == {
        (PushKind.RECEIPT, PushState.WAITING, NOW)
    }


async def test_deliveries_of_one_push_among_others_are_one_row(db: None) -> None:
    again, other = pushed(text("帮助", msg_id="7")), pushed(text("停", msg_id="8"))
    await together(again)

    stored = await together(other, again, other, again)

    rows = {row.dedupe_key: row.id for row in await WeChatPush.all()}
    assert len(rows) == 2
    assert [row.id for row in stored] == [rows[push.dedupe_key] for push in (other, again, other, again)]


async def test_a_repeat_finds_what_became_of_the_first(db: None) -> None:
    push = pushed(text("帮助"))
    await together(push)
    await WeChatPush.all().update(state=PushState.APPLIED, reply="说过的话")

    stored = await together(pushed(template_receipt("1")), push)

    assert (stored[1].state, stored[1].reply) == (PushState.APPLIED, "说过的话")


async def test_where_the_shared_statement_is_refused_everybody_goes_his_own_way(db: None) -> None:
    good = [pushed(template_receipt(str(number))) for number in range(3)]
    odd = replace(good[0], template_msgid="9", created_at=NOW.replace(tzinfo=None))

    stored = await together(odd, *good)

    assert [row.dedupe_key for row in stored] == [push.dedupe_key for push in (odd, *good)]
    assert await WeChatPush.all().count() == 4


async def test_a_push_of_no_concern_is_settled_at_once(db: None) -> None:
    (stored,) = await together(pushed(event("VIEW", "<EventKey>https://example.cn</EventKey>")))

    assert (stored.kind, stored.state, stored.applied_at) == (PushKind.OTHER, PushState.IGNORED, NOW)
