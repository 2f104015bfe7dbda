"""The `lianxin` command: api, worker, migrate, demo, publish-menu, audit-check, after-restore, admin."""

import asyncio
import difflib
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import entry_points
from typing import Any

import click
import pymysql
import uvicorn
from dotenv import dotenv_values
from pydantic import ValidationError
from tortoise.exceptions import BaseORMException

from app.accounts.operations import close_account, create_staff, grant_role, set_password, take_grant_back
from app.accounts.rules import Scope, roles
from app.audit.operations import first_broken_link
from app.bootstrap import running_services
from app.bot.menu import menu_buttons
from app.campaigns.operations import Restored, after_restore
from app.core.clock import SystemClock
from app.core.errors import AppError, NotFound
from app.core.logging import configure_logging
from app.core.migrating import LockNotHeld, migrate_database
from app.core.settings import Settings, get_settings, setting_names
from app.orgs.operations import plant_tree
from app.orgs.queries import org_in_count
from app.wechat.gateway import WeChatNotReached, WeChatRefused, WeChatUnanswered

COMMANDS = "lianxin.commands"
# Names that begin like settings and are read by a command, the tests or the benchmarks.
_NO_SETTINGS = ("LIANXIN_ADMIN_PASSWORD", "LIANXIN_TEST_", "LIANXIN_BENCH_", "LIANXIN_FAULT_")
# How SQLite and MySQL say that a table is not there.
_NO_TABLE = ("no such table", "(1146,")


class _CommandsByName(click.Group):
    """Also finds the commands of packages above `app`, which register themselves (pyproject.toml)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group=COMMANDS))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for point in entry_points(group=COMMANDS, name=cmd_name):
            command: click.Command = point.load()
            return command
        return None


@click.group(cls=_CommandsByName, help="连心: contact with families in hardship.")
def main() -> None:
    """Read the settings first: a wrong one is told before anything starts."""
    try:
        settings = get_settings()
    except ValidationError as error:
        raise click.ClickException(f"settings: {_settings_errors(error)}") from None
    for warning in unknown_settings([*os.environ, *dotenv_values(".env")]):
        click.echo(warning, err=True)
    configure_logging(level=settings.log_level, as_json=settings.is_production)


def _settings_errors(error: ValidationError) -> str:
    return "; ".join(
        "__".join(["LIANXIN_" + str(found["loc"][0]), *map(str, found["loc"][1:])]).upper()
        + ": "
        + found["msg"]
        if found["loc"]
        else found["msg"].removeprefix("Value error, ")
        for found in error.errors()
    )


def unknown_settings(given: Iterable[str]) -> list[str]:
    """Return a warning for each name that looks like a setting and is none: a slip would pass in silence."""
    known = list(setting_names())
    strange = {
        name.upper(): name
        for name in given
        if name.upper().startswith("LIANXIN_") and not name.upper().startswith(_NO_SETTINGS)
    }
    warnings = []
    for upper in sorted(strange.keys() - set(known)):
        close = difflib.get_close_matches(upper, known, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        warnings.append(f"Warning: there is no setting {strange[upper]}{meant}")
    return warnings


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what an operator can mend into one sentence: the database is away, or not prepared."""
    try:
        yield
    except (BaseORMException, pymysql.err.MySQLError, LockNotHeld) as error:
        # Tortoise adds the whole configuration of the connection.
        reason = str(error.args[-1] if error.args else error).partition(": {")[0]
        if any(sign in str(error) for sign in _NO_TABLE):
            reason = "it has no tables yet: run `lianxin migrate` first"
        raise click.ClickException(f"database: {reason}") from None
    except OSError as error:
        raise click.ClickException(str(error)) from None


@main.command(help="Serve HTTP.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
def api(processes: int) -> None:
    """Serve the API until stopped."""
    settings = get_settings()
    if processes > 1 and settings.is_embedded:
        raise click.ClickException(
            "several processes need LIANXIN_DATABASE_URL=mysql://… and LIANXIN_REDIS_URL"
        )
    uvicorn.run(
        "app.main:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=processes,
        access_log=False,
        # The server's own lines go where ours go, and tell no more of a failure than they do.
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxy),
        forwarded_allow_ips=settings.trusted_proxy or None,
        timeout_keep_alive=15,
        limit_concurrency=1000,
        h11_max_incomplete_event_size=32 * 1024,
    )


@main.command(help="Bring the database schema up to date.")
def migrate() -> None:
    """Apply missing migrations, then plant the tree of federations."""
    settings = get_settings()

    async def run() -> int:
        await migrate_database(settings.database_url.get_secret_value())
        async with running_services(settings):
            return await plant_tree()

    with told_plainly():
        planted = asyncio.run(run())
    click.echo(f"schema is up to date; {planted} federations added")


@main.command("audit-check", help="Walk the audit trail and say whether anything was changed in it.")
def audit_check() -> None:
    """Check the whole chain of deeds; a break is told and ends with code 1."""
    settings = get_settings()

    async def run() -> str | None:
        async with running_services(settings):
            return await first_broken_link()

    with told_plainly():
        broken = asyncio.run(run())
    if broken is not None:
        raise click.ClickException(f"the audit trail is broken: {broken}")
    click.echo("the audit trail is whole")


@main.command("after-restore", help="After a backup was put back: stop what could be sent twice.")
def stop_after_restore() -> None:
    """Pause every campaign under way; run it before the first worker starts on the restored database."""
    settings = get_settings()

    async def run() -> Restored:
        async with running_services(settings) as services:
            return await after_restore(days_ahead=settings.send.days_ahead, now=services.clock.now())

    with told_plainly():
        restored = asyncio.run(run())
    for one in restored.stopped:
        others = "" if one.is_complete else ", and others whose messages were not made yet"
        click.echo(
            f"campaign {one.campaign_id} of {one.org_code} is paused:"
            f" up to {one.may_repeat} messages may be repeated{others}"
        )
    click.echo(
        f"{len(restored.stopped)} campaigns wait for an admin, {restored.unknown} messages became unknown"
    )


@main.command("publish-menu", help="Put the service account's menu in place, as this version has it.")
def publish_menu() -> None:
    """Send the menu to WeChat; what was there is replaced."""
    settings = get_settings()

    async def run() -> None:
        async with running_services(settings) as services:
            await services.wechat.create_menu(buttons=menu_buttons())

    with told_plainly():
        try:
            asyncio.run(run())
        except WeChatRefused as refusal:
            raise click.ClickException(f"WeChat: {refusal.sentence} ({refusal.errcode})") from None
        except (WeChatNotReached, WeChatUnanswered) as error:
            raise click.ClickException(f"WeChat did not answer: {error}") from None
    click.echo("the menu is in place")


@main.group(help="Accounts of the console.")
def admin() -> None:
    """Group of commands about console accounts."""


@admin.command("create", help="Give a member of staff an account; asks for the password.")
@click.option("--username", required=True)
@click.option("--org", "org_code", required=True, help="division code of the federation, e.g. 370102")
@click.option("--role", required=True, type=click.Choice(list(roles())))
@click.option("--name", "display_name", default=None, help="name to show; the username by default")
def create_admin(username: str, org_code: str, role: str, display_name: str | None) -> None:
    """Create one account; the password comes from a prompt or from LIANXIN_ADMIN_PASSWORD."""
    password = _asked_password()
    settings = get_settings()
    try:
        with told_plainly():
            asyncio.run(_create(settings, username, org_code, role, display_name or username, password))
    except NotFound:
        raise click.ClickException(
            f"there is no federation {org_code}: six digits, e.g. 370000, 370100, 370102"
        ) from None
    except AppError as error:
        raise click.ClickException(error.detail or error.title) from None
    click.echo(f"{username} may now sign in")


@admin.command("password", help="Give a member of staff a new password; ends his sessions.")
@click.option("--username", required=True)
def set_admin_password(username: str) -> None:
    """Set one password, from a prompt or from LIANXIN_ADMIN_PASSWORD."""
    password = _asked_password()
    _with_services(lambda now: set_password(username=username, password=password, now=now))
    click.echo(f"{username} may sign in with the new password")


@admin.command("close", help="End the account of somebody who left; ends his sessions.")
@click.option("--username", required=True)
def close_admin(username: str) -> None:
    """Close one account; `admin password` opens it again."""
    _with_services(lambda now: close_account(username=username, now=now))
    click.echo(f"{username} may not sign in any more")


@admin.command("grant", help="Grant a role for a federation, or confirm it for another year.")
@click.option("--username", required=True)
@click.option("--org", "org_code", required=True, help="division code of the federation, e.g. 370102")
@click.option("--role", required=True, type=click.Choice(list(roles())))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="last day; a year by default")
def grant_to_admin(username: str, org_code: str, role: str, until: datetime | None) -> None:
    """Grant or confirm one role; each has to be confirmed every year."""

    async def deed(now: datetime) -> None:
        await org_in_count(scope=Scope.everywhere(), code=org_code)
        expires_on = until.date() if until else None
        last = await grant_role(
            username=username, org_code=org_code, role=role, expires_on=expires_on, now=now
        )
        click.echo(f"{username} is {role} of {org_code} until {last}")

    _with_services(deed)


@admin.command("revoke", help="Take a role for a federation back.")
@click.option("--username", required=True)
@click.option("--org", "org_code", required=True)
@click.option("--role", required=True, type=click.Choice(list(roles())))
def revoke_from_admin(username: str, org_code: str, role: str) -> None:
    """Take one grant back; it holds from the next click on."""
    _with_services(lambda now: take_grant_back(username=username, org_code=org_code, role=role, now=now))
    click.echo(f"{username} is not {role} of {org_code} any more")


def _asked_password() -> str:
    given = os.environ.get("LIANXIN_ADMIN_PASSWORD")
    return given or str(click.prompt("password", hide_input=True, confirmation_prompt=True))


def _with_services(deed: Callable[[datetime], Coroutine[Any, Any, None]]) -> None:
    settings = get_settings()

    async def run() -> None:
        async with running_services(settings):
            await deed(SystemClock().now())

    try:
        with told_plainly():
            asyncio.run(run())
    except AppError as error:
        raise click.ClickException(error.detail or error.title) from None


async def _create(
    settings: Settings, username: str, org_code: str, role: str, display_name: str, password: str
) -> None:
    async with running_services(settings):
        await org_in_count(scope=Scope.everywhere(), code=org_code)
        await create_staff(
            username=username,
            display_name=display_name,
            password=password,
            org_code=org_code,
            role=role,
            now=SystemClock().now(),
        )


if __name__ == "__main__":
    sys.exit(main())
