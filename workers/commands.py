"""Commands of this package, found by `lianxin` through the entry points in pyproject.toml."""

import click

from app.cli import told_plainly
from app.core.resident import run_resident
from app.core.settings import get_settings
from workers.demo import DemoRefused, run_demo
from workers.main import run_worker


@click.command(help="Run one worker: campaigns, messages, pushes, schedule.")
def worker() -> None:
    """Run until SIGTERM or Ctrl-C."""
    with told_plainly():
        run_resident(run_worker(get_settings()))


@click.command(
    help="Start everything on this machine with one demo county and our own WeChat.",
    short_help="Start everything here, with a demo county.",
)
def demo() -> None:
    """Run until Ctrl-C; data stays in var/ for the next start."""
    try:
        run_resident(run_demo(get_settings()))
    except DemoRefused as refusal:
        raise click.ClickException(str(refusal)) from None
