"""Reading proposals: their numbers for whoever may count, their pairs only for the county that acts."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.core import sql
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.pairing.enums import PairDecision, ProposalState
from app.pairing.models import PairingProposal


class ProposalNotFound(NotFound):
    code = "pairing.proposal_not_found"
    title = "没有找到这份结对方案"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """One proposed pair with the names of all, not masked yet."""

    id: int
    beneficiary_id: int
    beneficiary_name: str
    cadre_id: int | None
    cadre_name: str | None
    cadre_unit: str | None
    present_cadre_id: int | None
    present_cadre_name: str | None
    sentence: str
    locked: bool
    decision: PairDecision
    refusal: str


async def proposals_in(*, scope: Scope, page: PageQuery) -> tuple[list[PairingProposal], int | None]:
    """Return one page of the proposals whose numbers the caller may see, latest first."""
    found = PairingProposal.filter(in_regions("region_code", scope.count))
    if page.cursor:
        found = found.filter(id__lt=page.cursor)
    return cut(await found.order_by("-id").limit(page.limit + 1), page=page)


async def proposal_in(*, scope: Scope, proposal_id: int) -> PairingProposal:
    """Return one proposal whose numbers the caller may see; raises ProposalNotFound for any other."""
    found = await PairingProposal.filter(in_regions("region_code", scope.count)).get_or_none(id=proposal_id)
    if found is None:
        raise ProposalNotFound
    return found


async def decisions_of(*, proposal_ids: Sequence[int]) -> dict[int, dict[PairDecision, int]]:
    """Return how many pairs of each proposal came to what.

    No scope: the proposals were found within one.
    """
    counts = {proposal_id: dict.fromkeys(PairDecision, 0) for proposal_id in proposal_ids}
    if not proposal_ids:
        return counts
    rows = await sql.fetch(
        "SELECT proposal_id, decision, COUNT(*) AS pairs FROM pairing_proposal_pair"
        f" WHERE proposal_id IN ({sql.marks(len(proposal_ids))})"
        " GROUP BY proposal_id, decision ORDER BY proposal_id, decision",
        list(proposal_ids),
    )
    for row in rows:
        counts[row["proposal_id"]][PairDecision(row["decision"])] = row["pairs"]
    return counts


async def blocks_of(*, batch: int) -> tuple[int, int]:
    """Return how many blocks of a request are solved, and how many there are.

    No scope: one of its proposals was found within one, and these are only two numbers.
    """
    rows = await sql.fetch(
        "SELECT block_code, MIN(CASE WHEN state IN (%s, %s) THEN 0 ELSE 1 END) AS is_solved"
        " FROM pairing_proposal WHERE batch = %s GROUP BY block_code ORDER BY block_code",
        (ProposalState.DRAFT.value, ProposalState.RUNNING.value, batch),
    )
    return sum(int(row["is_solved"]) for row in rows), len(rows)


async def pairs_in(
    *, scope: Scope, proposal_id: int, page: PageQuery, decision: PairDecision | None = None
) -> tuple[list[PairLine], int | None]:
    """Return one page of the pairs of a proposal for the county whose people they are.

    Raises:
        ProposalNotFound: it is of a county where the caller may not see names.
    """
    found = await PairingProposal.filter(in_regions("region_code", scope.find)).get_or_none(id=proposal_id)
    if found is None:
        raise ProposalNotFound
    wanted = [decision.value] if decision else [one.value for one in PairDecision]
    rows = await sql.fetch(
        "SELECT x.id, x.beneficiary_id, b.name AS beneficiary_name, x.cadre_id, c.name AS cadre_name,"
        " c.unit AS cadre_unit, x.present_cadre_id, p.name AS present_cadre_name, x.sentence, x.locked,"
        " x.decision, x.refusal FROM pairing_proposal_pair x"
        " JOIN beneficiary b ON b.id = x.beneficiary_id LEFT JOIN cadre c ON c.id = x.cadre_id"
        " LEFT JOIN cadre p ON p.id = x.present_cadre_id"
        f" WHERE x.proposal_id = %s AND x.id > %s AND x.decision IN ({sql.marks(len(wanted))})"
        " ORDER BY x.id LIMIT %s",
        [proposal_id, page.cursor, *wanted, page.limit + 1],
    )
    return cut([_line(row) for row in rows], page=page)


def _line(row: dict[str, Any]) -> PairLine:
    decided = {"locked": bool(row["locked"]), "decision": PairDecision(row["decision"])}
    return PairLine(**{**row, **decided})
