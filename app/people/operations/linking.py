"""One person, two accounts: the unionid tells that a follower and a user of the mini program are one.

WeChat gives one only if both of our accounts belong to one 微信开放平台 account; else nothing is linked.
"""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.people.operations.binding import link_person


async def identities_to_ask(*, limit: int) -> list[WeChatIdentity]:
    """Return followers of the service account whose unionid nobody has asked WeChat for, oldest first."""
    return await (
        WeChatIdentity.filter(app=WeChatApp.OFFICIAL, follows=True, unionid=None, unionid_asked_at=None)
        .order_by("id")
        .limit(limit)
    )


async def link_unionid(*, identity_id: int, unionid: str | None, now: datetime) -> int:
    """Keep what WeChat answered about a follower, and link his accounts if one of them is bound.

    Args:
        identity_id: the follower.
        unionid: None when WeChat gives none, so that it is not asked again.
        now: when.

    Returns:
        How many accounts were linked.
    """
    async with in_transaction():
        identity = await WeChatIdentity.select_for_update().get(id=identity_id)
        identity.update_from_dict({"unionid": unionid, "unionid_asked_at": now})
        await identity.save(update_fields=["unionid", "unionid_asked_at"])
        if unionid is None:
            return 0
        bound = WeChatIdentity.filter(unionid=unionid).exclude(guardian_id=None).order_by("id")
        # Himself and his mini program, hardly ever more.
        for one in await bound.limit(2):
            linked = await link_person(one)
            if linked:
                return linked
    return 0
