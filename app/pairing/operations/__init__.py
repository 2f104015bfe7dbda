"""What happens to pairings and to proposals of pairs; a package, used through this name."""

from app.pairing.operations.accepting import accept
from app.pairing.operations.knowing import Terms, bar_pair, set_cadre_terms, set_wish
from app.pairing.operations.proposing import (
    EditRefused,
    NothingToPropose,
    TooManyPeople,
    WrongState,
    cancel_proposal,
    choose_by_hand,
    lock_pairs,
    request_proposals,
    solve_again,
)
from app.pairing.operations.solving import SolverFailed, solve_in_process, solve_step
from app.pairing.operations.starting import (
    CadreNotActive,
    NotEligible,
    PairingDateWrong,
    PairingOverlaps,
    PairingsRefused,
    SameCadre,
    change_cadre,
    end_pairing,
    start_pairing,
    start_pairings,
)

__all__ = [
    "CadreNotActive",
    "EditRefused",
    "NotEligible",
    "NothingToPropose",
    "PairingDateWrong",
    "PairingOverlaps",
    "PairingsRefused",
    "SameCadre",
    "SolverFailed",
    "Terms",
    "TooManyPeople",
    "WrongState",
    "accept",
    "bar_pair",
    "cancel_proposal",
    "change_cadre",
    "choose_by_hand",
    "end_pairing",
    "lock_pairs",
    "request_proposals",
    "set_cadre_terms",
    "set_wish",
    "solve_again",
    "solve_in_process",
    "solve_step",
    "start_pairing",
    "start_pairings",
]
