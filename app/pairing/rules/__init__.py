"""Decisions of pairing that need no database; periods and verdicts are used through this name."""

from app.pairing.rules.periods import (
    PLANNED_AHEAD,
    ROTATION_YEARS,
    SCHEME_BEGAN,
    BeneficiaryFacts,
    CadreFacts,
    KnownPairing,
    PairingFacts,
    PairingVerdict,
    Period,
    WantedPairing,
    eligibility_reasons,
    end_refusal,
    judge_pairings,
    overlap_sentence,
    rotation_due_on,
)

__all__ = [
    "PLANNED_AHEAD",
    "ROTATION_YEARS",
    "SCHEME_BEGAN",
    "BeneficiaryFacts",
    "CadreFacts",
    "KnownPairing",
    "PairingFacts",
    "PairingVerdict",
    "Period",
    "WantedPairing",
    "eligibility_reasons",
    "end_refusal",
    "judge_pairings",
    "overlap_sentence",
    "rotation_due_on",
]
