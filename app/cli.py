"""The `lianxin` command: api | worker | migrate | demo | admin create."""

import asyncio
import os
import sys
from importlib.metadata import entry_points

import click
import uvicorn
from pydantic import ValidationError

from app.accounts.enums import StaffRole
from app.accounts.operations import create_staff
from app.accounts.rules import Scope
from app.bootstrap import running_services
from app.core.clock import SystemClock
from app.core.errors import AppError
from app.core.logging import configure_logging
from app.core.migrating import migrate_database
from app.core.settings import Settings, get_settings
from app.orgs.operations import plant_tree
from app.orgs.queries import org_in_count

COMMANDS = "lianxin.commands"


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
    configure_logging(level=settings.log_level, as_json=settings.is_production)


def _settings_errors(error: ValidationError) -> str:
    return "; ".join(
        ".".join(map(str, found["loc"])) + (": " if found["loc"] else "") + found["msg"]
        for found in error.errors()
    )


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

    planted = asyncio.run(run())
    click.echo(f"schema is up to date; {planted} federations added")


@main.group(help="Accounts of the console.")
def admin() -> None:
    """Group of commands about console accounts."""


@admin.command("create", help="Give a member of staff an account; asks for the password.")
@click.option("--username", required=True)
@click.option("--org", "org_code", required=True, help="division code of the federation, e.g. 370102")
@click.option("--role", required=True, type=click.Choice([role.value for role in StaffRole]))
@click.option("--name", "display_name", default=None, help="name to show; the username by default")
def create_admin(username: str, org_code: str, role: str, display_name: str | None) -> None:
    """Create one account; the password comes from a prompt or from LIANXIN_ADMIN_PASSWORD."""
    password = os.environ.get("LIANXIN_ADMIN_PASSWORD") or click.prompt(
        "password", hide_input=True, confirmation_prompt=True
    )
    settings = get_settings()
    try:
        asyncio.run(
            _create(settings, username, org_code, StaffRole(role), display_name or username, password)
        )
    except AppError as error:
        raise click.ClickException(error.detail or error.title) from None
    click.echo(f"{username} may now sign in")


async def _create(
    settings: Settings, username: str, org_code: str, role: StaffRole, display_name: str, password: str
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
