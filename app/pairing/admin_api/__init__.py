"""Pairings and proposals of pairs for the console."""

from app.pairing.admin_api.handovers import router as handovers_router
from app.pairing.admin_api.pairings import (
    change_cadre,
    end_pairing,
    list_pairings,
    pairing_history,
    router,
    start_pairing,
)
from app.pairing.admin_api.participation import router as participation_router
from app.pairing.admin_api.proposals import router as proposals_router
from app.pairing.admin_api.repairing import router as repairing_router

__all__ = [
    "change_cadre",
    "end_pairing",
    "handovers_router",
    "list_pairings",
    "pairing_history",
    "participation_router",
    "proposals_router",
    "repairing_router",
    "router",
    "start_pairing",
]
