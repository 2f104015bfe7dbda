"""Solving proposals in the background: claimed by a lease, solved in a process of its own, written at once.

Nothing of an answer is kept before all of it is: a worker that dies leaves a lease that runs out, and the
next one begins again.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import asyncio
import pickle
import secrets
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from tortoise.transactions import in_transaction

from app.core import sql
from app.core.clock import china_date
from app.pairing.enums import PairDecision, ProposalState
from app.pairing.models import PairingProposal, PairingProposalPair
from app.pairing.queries.candidates import Candidates, Lock, candidates_of
from app.pairing.rules.matching import Task
from app.pairing.rules.proposing import Proposed, end_reason_for

log = structlog.get_logger()

# 20,000 people take half a minute on one core; a machine that does more at once gets this long.
_SOLVING_SECONDS = 300
# Reading before and writing after take seconds; this is also how late work of a killed worker is.
_LEASE_MS = (_SOLVING_SECONDS + 60) * 1000
# A task that ended three workers would end the fourth.
_ATTEMPTS = 3
_INSERTED_AT_ONCE = 500
_PROJECT = Path(__file__).parents[3]

Solver = Callable[[Task], Awaitable[Proposed]]


class SolverFailed(RuntimeError):
    """The process that solves ended without an answer; the log of the worker has its words."""


@dataclass(frozen=True, slots=True)
class _Claim:
    token: str
    proposals: Sequence[PairingProposal]


async def solve_in_process(task: Task) -> Proposed:
    """Solve a task in a process of its own and return its answer.

    No transaction: nothing is read or written.

    Raises:
        SolverFailed: it ended without one, for lack of memory or by a fault.
        TimeoutError: it took more than five minutes.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.pairing.rules",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # It needs none of the keys that our environment holds.
        env={"PYTHONPATH": str(_PROJECT), "PYTHONUTF8": "1"},
    )
    try:
        async with asyncio.timeout(_SOLVING_SECONDS):
            answer, _ = await process.communicate(pickle.dumps(task))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise SolverFailed(f"status {process.returncode}")
    proposed: Proposed = pickle.loads(answer)  # noqa: S301 - from the process that we started
    return proposed


async def solve_step(*, now: datetime, solver: Solver = solve_in_process) -> int:
    """Solve the next block of proposals that waits, and return how many proposals it was; 0 when none waits.

    Several workers may call it: rows are claimed in the database, and an answer is only written by whoever
    still holds the claim.

    Args:
        now: when.
        solver: how.
    """
    claim = await _claim()
    if claim is None:
        return 0
    try:
        await _solve(claim, solver, now=now)
    except asyncio.CancelledError:
        # A worker that is told to end leaves the work to the next one at once, and not as a failure.
        await asyncio.shield(_let_go(claim, tried=False))
        raise
    return len(claim.proposals)


async def _solve(claim: _Claim, solver: Solver, *, now: datetime) -> None:
    regions = [proposal.region_code for proposal in claim.proposals]
    locks = await _locks([proposal.id for proposal in claim.proposals])
    found = await candidates_of(regions=regions, locks=locks, day=china_date(now))
    try:
        proposed = await solver(found.task)
    except (SolverFailed, TimeoutError) as error:
        log.exception("pairing.proposal.unsolved", batch=claim.proposals[0].batch, error=type(error).__name__)
        await _let_go(claim, tried=True)
        return

    async def whole() -> int:
        async with in_transaction():
            return await _write(claim, found, proposed, now=now)

    written = await sql.retrying(whole)
    log.info(
        "pairing.proposal.solved",
        batch=claim.proposals[0].batch,
        proposals=written,
        pairs=len(proposed.pairs),
    )


async def _claim() -> _Claim | None:
    """Take the oldest block that waits or whose worker is gone; one that failed too often is given up."""
    waits = f"(state = %s OR (state = %s AND lease_until_ms < {sql.db_now_ms()}))"
    states = (ProposalState.DRAFT.value, ProposalState.RUNNING.value)
    rows = await sql.fetch(
        f"SELECT batch, block_code, attempts FROM pairing_proposal WHERE {waits} ORDER BY id LIMIT 1", states
    )
    if not rows:
        return None
    block = (rows[0]["batch"], rows[0]["block_code"])
    if rows[0]["attempts"] >= _ATTEMPTS:
        await sql.execute(
            "UPDATE pairing_proposal SET state = %s, open_region = NULL"
            f" WHERE batch = %s AND block_code = %s AND attempts >= %s AND {waits}",
            (ProposalState.FAILED.value, *block, _ATTEMPTS, *states),
        )
        return None
    token = secrets.token_hex(16)
    await sql.execute(
        "UPDATE pairing_proposal SET state = %s, attempts = attempts + 1, lease_token = %s,"
        f" lease_until_ms = {sql.db_now_ms()} + %s WHERE batch = %s AND block_code = %s AND {waits}",
        (ProposalState.RUNNING.value, token, _LEASE_MS, *block, *states),
    )
    mine = await PairingProposal.filter(lease_token=token, state=ProposalState.RUNNING).order_by("id")
    return _Claim(token, mine) if mine else None


async def _let_go(claim: _Claim, *, tried: bool) -> None:
    await sql.execute(
        "UPDATE pairing_proposal SET state = %s, attempts = attempts - %s"
        " WHERE lease_token = %s AND state = %s",
        (ProposalState.DRAFT.value, 0 if tried else 1, claim.token, ProposalState.RUNNING.value),
    )


async def _locks(proposal_ids: Sequence[int]) -> list[Lock]:
    pairs = PairingProposalPair.filter(proposal_id__in=list(proposal_ids), locked=True).order_by("id")
    return [Lock(*row) for row in await pairs.values_list("beneficiary_id", "cadre_id")]


async def _write(claim: _Claim, found: Candidates, proposed: Proposed, *, now: datetime) -> int:
    """Put the answer in the place of what these proposals held, those that were cancelled left alone."""
    standing = PairingProposal.filter(lease_token=claim.token, state=ProposalState.RUNNING)
    proposals = {one.region_code: one for one in await standing.select_for_update().order_by("id")}
    await PairingProposalPair.filter(proposal_id__in=[one.id for one in proposals.values()]).delete()
    people = {person.id: person for person in found.task.people}
    rows = []
    for proposal in proposals.values():
        proposal.people = proposal.placed = 0
        proposal.state, proposal.cost, proposal.solved_at = ProposalState.READY, proposed.cost, now
    for pair in proposed.pairs:
        region = found.region_of[pair.beneficiary_id]
        if region not in proposals:
            continue
        proposal, person = proposals[region], people[pair.beneficiary_id]
        proposal.people += 1
        proposal.placed += pair.cadre_id is not None
        rows.append(
            PairingProposalPair(
                proposal_id=proposal.id,
                beneficiary_id=person.id,
                cadre_id=pair.cadre_id,
                present_cadre_id=person.present_cadre_id,
                end_reason=end_reason_for(person, found.status_of.get(person.present_cadre_id or 0)),
                sentence=pair.sentence,
                locked=person.is_locked,
                decision=PairDecision.OPEN,
            )
        )
    await PairingProposalPair.bulk_create(rows, batch_size=_INSERTED_AT_ONCE)
    # One by one, as many as a city has counties.
    for proposal in proposals.values():
        await proposal.save(update_fields=["people", "placed", "state", "cost", "solved_at"])
    return len(proposals)
