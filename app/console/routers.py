"""All pages, in the order in which addresses are looked up."""

from app.console import (
    beneficiaries,
    campaigns,
    composing,
    consents,
    entering,
    entitlements,
    festivals,
    home,
    needs,
    pairings,
    participation,
    policies,
    policy_drafts,
    proposals,
    repairing,
    rosters,
    trials,
    voices,
)

ROUTERS = (
    entering.router,
    home.router,
    rosters.router,
    beneficiaries.router,
    consents.router,
    pairings.router,
    proposals.router,
    participation.router,
    repairing.router,
    # Before the campaigns, since /campaigns/new and /campaigns/trial-list are no campaign's number.
    composing.router,
    trials.router,
    campaigns.router,
    festivals.router,
    # Before the policies, since /policies/new is no policy's number.
    policy_drafts.router,
    policies.router,
    entitlements.router,
    needs.router,
    voices.router,
    entering.nowhere,
)
