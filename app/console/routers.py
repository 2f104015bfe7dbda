"""All pages, in the order in which addresses are looked up."""

from app.console import (
    beneficiaries,
    campaigns,
    composing,
    entering,
    festivals,
    home,
    pairings,
    rosters,
)

ROUTERS = (
    entering.router,
    home.router,
    rosters.router,
    beneficiaries.router,
    pairings.router,
    # Before the campaigns, since /campaigns/new is no campaign's number.
    composing.router,
    campaigns.router,
    festivals.router,
    entering.nowhere,
)
