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
    trials,
)

ROUTERS = (
    entering.router,
    home.router,
    rosters.router,
    beneficiaries.router,
    pairings.router,
    # Before the campaigns, since /campaigns/new and /campaigns/trial-list are no campaign's number.
    composing.router,
    trials.router,
    campaigns.router,
    festivals.router,
    entering.nowhere,
)
