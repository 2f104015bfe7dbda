"""The database is put back to a backup that was made while a campaign was being sent."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.audit.operations import first_broken_link, seal
from app.bootstrap import use_keys_of
from app.campaigns import operations, queries
from app.campaigns.enums import CampaignState
from app.core.clock import SystemClock
from app.core.settings import Settings
from app.messaging.enums import MessageState
from app.messaging.models import Message
from tests.campaigns.factories import author
from tests.databases import USES_MYSQL
from tests.faults.driver import IN_DOUBT, IS_LARGE, LEASE_SECONDS, Scene, scene, seeds, sized
from tests.faults.servers import MariaDB, looking_into

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not USES_MYSQL, reason="dumps and restores a MariaDB: part of the MySQL pass"),
]
PEOPLE = sized(600, 5_000)
SECONDS = sized(60, 300)
# WeChat's window for one client_msg_id, and a little.
LATER_SECONDS = 660.0


def settings_for(url: str) -> Settings:
    made = Settings(database_url=url, _env_file=None)
    use_keys_of(made)
    return made


@asynccontextmanager
async def restored(before: Scene, mariadb: MariaDB, dump: bytes) -> AsyncIterator[Scene]:
    """Go on with the same people and the same ledger on a database made from the dump."""
    url = mariadb.url(await mariadb.restore(dump))
    async with looking_into(url):
        after = replace(before, settings=settings_for(url))
        for campaign in after.campaigns:
            await campaign.refresh_from_db()
        yield after


async def lianxin(settings: Settings, *words: str) -> str:
    """Run the command as an operator does, and return what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", *words,
        env=os.environ | {"LIANXIN_DATABASE_URL": settings.database_url.get_secret_value()},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def leaving() -> set[int]:
    found = await Message.filter(state=MessageState.SENDING, begun=True).only("id")
    return {message.id for message in found}


@pytest.mark.parametrize("seed", seeds())
async def test_what_was_leaving_in_a_backup_is_not_sent_again_and_counts_and_trail_are_right(
    mariadb: MariaDB, own_database: str, tmp_path: Path, seed: int
) -> None:
    url = mariadb.url(own_database)
    async with (
        looking_into(url),
        scene(settings_for(url), tmp_path, seed=seed, notices=PEOPLE, reminders=PEOPLE) as fire,
    ):
        await fire.worker()
        # In the reminders: nobody but us knows whether those in flight arrived.
        await fire.arrived_at_least(fire.moments.uniform(0.6, 0.8), within=SECONDS)
        await fire.kill_workers()
        dump = await mariadb.dump(own_database)
        async with restored(fire, mariadb, dump) as after:
            in_flight = await leaving()
            assert 0 < len(in_flight) <= IN_DOUBT
            await asyncio.sleep(LEASE_SECONDS)
            await after.worker()
            await after.done(within=SECONDS)
            await seal()

            assert await after.verdict(crashes=1) == len(in_flight)
            assert await Message.filter(id__in=in_flight, state=MessageState.UNKNOWN).count() == len(
                in_flight
            )
            assert await first_broken_link() is None


@pytest.mark.parametrize("seed", seeds())
async def test_after_a_restore_nothing_leaves_until_an_admin_who_was_told_lets_it_go_on(
    mariadb: MariaDB, own_database: str, tmp_path: Path, seed: int
) -> None:
    url = mariadb.url(own_database)
    async with (
        looking_into(url),
        scene(settings_for(url), tmp_path, seed=seed, notices=PEOPLE, trouble=()) as fire,
    ):
        assert fire.notices is not None
        worker = await fire.worker(rate_per_second=sized(100.0, 500.0))
        await fire.arrived_at_least(fire.moments.uniform(0.1, 0.3), within=SECONDS)
        dump = await mariadb.dump(own_database)
        at_backup = await fire.delivered()
        await fire.arrived_at_least(fire.moments.uniform(0.6, 0.8), within=SECONDS)
        await fire.kill_workers()
        assert worker.returncode is not None
        delivered = await fire.delivered()
        async with restored(fire, mariadb, dump) as after:
            assert after.notices is not None
            said = await lianxin(after.settings, "after-restore")
            unknown = await Message.filter(state=MessageState.UNKNOWN).count()
            waiting = await Message.filter(state=MessageState.QUEUED).count()
            assert f"up to {waiting} messages may be repeated" in said
            assert waiting >= delivered - at_backup - IN_DOUBT > 0
            await after.worker()
            await asyncio.sleep(3 * LEASE_SECONDS)
            await after.notices.refresh_from_db()
            assert after.notices.state is CampaignState.PAUSED
            assert f"最多会重复{waiting}条" in after.notices.pause_reason
            assert await after.delivered() == delivered

            await operations.resume(campaign_id=after.notices.id, author=author(), now=SystemClock().now())
            await after.done(within=SECONDS)

            # Inside its ten minutes WeChat swallows what it had before; nobody is forgotten.
            await after.verdict(lost_answers=unknown)
            assert unknown <= IN_DOUBT
            progress = await queries.progress_of(campaigns=[after.notices])
            assert progress[after.notices.id].final == PEOPLE


@pytest.mark.skipif(not IS_LARGE, reason="tells why the command is there: part of `make faults`")
async def test_without_the_command_a_restored_campaign_repeats_what_the_backup_does_not_know(
    mariadb: MariaDB, own_database: str, tmp_path: Path
) -> None:
    # Were it not so, the test above would prove nothing.
    url = mariadb.url(own_database)
    async with (
        looking_into(url),
        scene(settings_for(url), tmp_path, seed=0, notices=PEOPLE, trouble=()) as fire,
    ):
        await fire.worker(rate_per_second=200)
        await fire.arrived_at_least(0.2, within=SECONDS)
        dump = await mariadb.dump(own_database)
        await fire.arrived_at_least(0.6, within=SECONDS)
        await fire.kill_workers()
        await fire.judge.tell("/clock", {"advance_s": LATER_SECONDS})
        async with restored(fire, mariadb, dump) as after:
            await after.worker()
            await after.done(within=SECONDS)

            assert max((await after.judge.arrived()).values()) == 2
