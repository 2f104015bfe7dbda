"""Reading pairings; a package, used through this name."""

from app.pairing.queries.pairings import (
    OwnPairing,
    PairingLine,
    PairingNotFound,
    PairingNotInForce,
    judged_pairings,
    open_pairing_ids,
    own_pairing_on,
    pairing_facts,
    pairing_history,
    pairing_in,
    pairings_by_id,
    pairings_in,
)

__all__ = [
    "OwnPairing",
    "PairingLine",
    "PairingNotFound",
    "PairingNotInForce",
    "judged_pairings",
    "open_pairing_ids",
    "own_pairing_on",
    "pairing_facts",
    "pairing_history",
    "pairing_in",
    "pairings_by_id",
    "pairings_in",
]
