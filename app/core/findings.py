"""What sweeps find wrong with the rows: one row per subject, closed when a later look finds it well again.

A finding names rows by number and never holds a name, a phone number or an openid.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from app.core import sql

log = structlog.get_logger()

# More of one kind are one fault with many symptoms: the first hundred are enough to find it.
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not hold.

    Args:
        subject: what it is about, kind and number: `campaign:7`.
        detail: the facts in Chinese, for admins; numbers only.
        org_code: whose federation, empty for the service as a whole.
    """

    subject: str
    detail: str
    org_code: str = ""


async def keep_findings(
    *, name: str, found: Sequence[Finding], looked_at: Collection[str] | None, now: datetime
) -> None:
    """Write down what a check found, and close what it looked at and found well again.

    Args:
        name: of the check.
        found: at most 100 are kept.
        looked_at: the subjects of this look, None when it looked at all there are.
        now: when.
    """
    kept = found[:MOST_FINDINGS]

    async def unit() -> None:
        async with in_transaction():
            await _write(name, kept, resolved_at=None, now=now)
            await _close(name, kept, looked_at, now=now)

    await sql.retrying(unit)
    if kept:
        log.warning("core.findings.found", check=name, subjects=[one.subject for one in kept[:10]])


async def keep_repaired(*, name: str, found: Sequence[Finding], now: datetime) -> None:
    """Write down what a check found and put right in the same breath; joins the caller's transaction."""
    await _write(name, found[:MOST_FINDINGS], resolved_at=now, now=now)
    if found:
        log.warning("core.findings.repaired", check=name, subjects=[one.subject for one in found[:10]])


async def _write(name: str, found: Sequence[Finding], *, resolved_at: datetime | None, now: datetime) -> None:
    if not found:
        return
    if sql.is_sqlite():
        known, new = "ON CONFLICT (name, subject) DO UPDATE SET", "excluded.{}"
    else:
        known, new = "ON DUPLICATE KEY UPDATE", "VALUES({})"
    # MySQL assigns from left to right: whether it was closed is asked before it is opened again.
    first_seen = (
        "first_seen = CASE WHEN invariant_finding.resolved_at IS NULL"
        f" THEN invariant_finding.first_seen ELSE {new.format('first_seen')} END"
    )
    others = [
        f"{column} = {new.format(column)}" for column in ("org_code", "detail", "last_seen", "resolved_at")
    ]
    await sql.execute(
        "INSERT INTO invariant_finding"
        " (name, subject, org_code, detail, first_seen, last_seen, resolved_at)"
        f" VALUES {', '.join([f'({sql.marks(7)})'] * len(found))} {known} {', '.join([first_seen, *others])}",
        [
            value
            for one in found
            for value in (name, one.subject, one.org_code, one.detail[:200], now, now, resolved_at)
        ],
    )


async def _close(
    name: str, found: Sequence[Finding], looked_at: Collection[str] | None, *, now: datetime
) -> None:
    well = None if looked_at is None else sorted(set(looked_at) - {one.subject for one in found})
    if well is not None and not well:
        return
    if well is not None:
        which, subjects = f" AND subject IN ({sql.marks(len(well))})", well
    elif found:
        subjects = [one.subject for one in found]
        which = f" AND subject NOT IN ({sql.marks(len(subjects))})"
    else:
        which, subjects = "", []
    await sql.execute(
        f"UPDATE invariant_finding SET resolved_at = %s WHERE name = %s AND resolved_at IS NULL{which}",
        (now, name, *subjects),
    )
