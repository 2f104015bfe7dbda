"""The form in which a campaign is composed or changed; what was typed is never lost to a mistake."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.accounts.deps import EditorDep, StaffCaller
from app.accounts.rules import is_county, org_code_of
from app.campaigns import admin_api
from app.campaigns.enums import CampaignKind, PolicyAudience
from app.campaigns.queries import campaign_in
from app.campaigns.rules import festival_keys
from app.campaigns.schemas import CampaignBody
from app.console.failures import Problem, console_router, problem_of
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.clock import CHINA
from app.core.deps import ClockDep, SettingsDep
from app.core.errors import Invalid
from app.orgs.models import Org
from app.orgs.queries import orgs_in_count
from app.policies.queries.library import published_names

router = console_router()

Values = Mapping[str, str]
_FIELDS = (
    *("kind", "title", "text", "region_code", "occasion"),
    *("send_at", "urgent", "canary", "spread_minutes", "call_tasks"),
    *("policy_key", "policy_audience"),
)
# In minutes of waking time; a day has thirteen hours of it.
_SPREADS = {
    "0": "不分散，尽快发完",
    "60": "1小时",
    "240": "4小时",
    "480": "8小时",
    "780": "1天",
    "2340": "3天",
}
# Between the festival and its day in the value of one option.
_BETWEEN = " "


@router.get("/campaigns/new")
async def new(
    request: Request,
    caller: EditorDep,
    clock: ClockDep,
    kind: CampaignKind = CampaignKind.FESTIVAL_REMINDER,
    occasion: Annotated[str, Query(max_length=60)] = "",
    policy: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show an empty form of one kind, for one festival or one policy if it is named."""
    values = {"kind": kind.value, "region_code": caller.org_code, "occasion": occasion, "policy_key": policy}
    return await _form(request, caller, clock, values=values)


@router.post("/campaigns")
async def create(request: Request, caller: EditorDep, clock: ClockDep, settings: SettingsDep) -> Response:
    """Keep a draft, or show the form again with what is wrong."""
    values = await _typed(request)
    try:
        campaign = await admin_api.create_campaign(_body(values), caller, clock, settings)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _form(request, caller, clock, values=values, problem=problem)
    return go_on(f"/console/campaigns/{campaign.id}", done="drafted")


@router.get("/campaigns/{campaign_id}/edit")
async def edit_form(request: Request, campaign_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Show a campaign in the form."""
    campaign = await campaign_in(scope=caller.scope, campaign_id=campaign_id)
    keys = festival_keys(campaign.festival)
    values = {
        "kind": campaign.kind.value,
        "title": campaign.title,
        "text": campaign.text,
        "region_code": org_code_of(campaign.region_prefix),
        "occasion": f"{keys[0].value}{_BETWEEN}{campaign.festival_on}" if keys else "",
        # A time that has passed would be refused, and means what an empty field means.
        "send_at": f"{campaign.send_at.astimezone(CHINA):%Y-%m-%dT%H:%M}"
        if campaign.send_at > clock.now()
        else "",
        "urgent": "true" if campaign.urgent else "",
        "canary": "true" if campaign.canary else "false",
        "spread_minutes": str(campaign.spread_minutes),
        "call_tasks": "true" if campaign.call_tasks else "false",
        "policy_key": campaign.policy_key,
        "policy_audience": campaign.policy_audience.value,
    }
    return await _form(request, caller, clock, values=values, campaign_id=campaign_id)


@router.post("/campaigns/{campaign_id}/edit")
async def edit(
    request: Request, campaign_id: RowId, caller: EditorDep, clock: ClockDep, settings: SettingsDep
) -> Response:
    """Change a campaign, or show the form again with what is wrong."""
    values = await _typed(request)
    try:
        await admin_api.edit_campaign(campaign_id, _body(values), caller, clock, settings)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _form(request, caller, clock, values=values, problem=problem, campaign_id=campaign_id)
    return go_on(f"/console/campaigns/{campaign_id}", done="edited")


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: value for name in _FIELDS if isinstance(value := form.get(name), str)}


def _body(values: Values) -> CampaignBody:
    """Read the form; raises RequestValidationError as a body of the API would."""
    given: dict[str, str] = {name: value for name, value in values.items() if value and name != "occasion"}
    festival, _, on = values.get("occasion", "").partition(_BETWEEN)
    given |= {name: value for name, value in (("festival", festival), ("festival_on", on)) if value}
    if "send_at" in given:
        # Browsers send what the clock on the wall shows; the province has one zone.
        given["send_at"] += ":00+08:00"
    try:
        return CampaignBody.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _spreads(values: Values) -> Mapping[str, str]:
    """Return the spreads to choose from, with one that somebody chose through the API."""
    chosen = values.get("spread_minutes", "")
    return _SPREADS | ({} if chosen in {*_SPREADS, ""} else {chosen: f"{chosen}分钟"})


def _named(orgs: Sequence[Org]) -> list[tuple[str, str]]:
    """Return code and name of each region; where the caller sees several cities, counties name theirs.

    Two counties of Shandong are called 市中区.
    """
    names = {org.code: org.name.removesuffix("残联") for org in orgs}
    cities = {code: name for code, name in names.items() if not is_county(code)}
    return [
        (code, cities.get(org_code_of(code[:4]), "") + name if is_county(code) else name)
        for code, name in names.items()
    ]


async def _form(
    request: Request,
    caller: StaffCaller,
    clock: ClockDep,
    *,
    values: Values,
    problem: Problem | None = None,
    campaign_id: int | None = None,
) -> Response:
    occasions = await admin_api.list_festivals(caller, clock)
    return page(
        request,
        "campaign_form.html",
        caller=caller,
        status=problem.status if problem else 200,
        problem=problem,
        values=dict.fromkeys(_FIELDS, "") | dict(values),
        kinds=list(CampaignKind),
        spreads=_spreads(values),
        regions=_named(await orgs_in_count(scope=caller.scope)),
        policies=await published_names(region_code=caller.org_code),
        policy_audiences=list(PolicyAudience),
        occasions=[(f"{one.festivals[0].festival.value}{_BETWEEN}{one.on}", one) for one in occasions],
        campaign_id=campaign_id,
    )
