"""The HTTP application: routers by audience, error rendering, one middleware; nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from tortoise.exceptions import BaseORMException

from app.accounts import admin_api as accounts_admin
from app.accounts import mini_api as accounts_mini
from app.accounts.enums import WeChatApp
from app.bootstrap import Services, accounts_of, running_services
from app.bot import callback_api
from app.bot import mini_api as bot_mini
from app.bot import queries as bot_queries
from app.campaigns import admin_api as campaigns_admin
from app.campaigns import mini_api as campaigns_mini
from app.campaigns.queries.adding_up import readings as campaign_readings
from app.console.routers import ROUTERS as CONSOLE_ROUTERS
from app.contacts import admin_api as contacts_admin
from app.contacts import mini_api as contacts_mini
from app.core import metrics, problems, sql
from app.core.deps import ClockDep
from app.core.errors import NotSignedIn
from app.core.logging import configure_logging
from app.core.middleware import RequestLayer
from app.core.patience import REQUEST_SECONDS, patience
from app.core.resident import settle_memory
from app.core.settings import Settings, get_settings
from app.messaging import admin_api as messaging_admin
from app.messaging import mini_api as messaging_mini
from app.messaging import queries as messaging_queries
from app.needs import admin_api as needs_admin
from app.needs import mini_api as needs_mini
from app.orgs import admin_api as orgs_admin
from app.pairing import admin_api as pairing_admin
from app.pairing import mini_api as pairing_mini
from app.people import admin_api as people_admin
from app.people import mini_api as people_mini
from app.policies import admin_api as policies_admin
from app.policies import mini_api as policies_mini
from app.rosters import admin_api as rosters_admin
from app.stats import admin_api as stats_admin

log = structlog.get_logger()

# A supervisor asks every few seconds, and takes silence for a fault of its own.
_READY_SECONDS = 3.0

MINI_ROUTERS = (
    accounts_mini.router,
    contacts_mini.router,
    pairing_mini.router,
    needs_mini.router,
    policies_mini.router,
    people_mini.router,
    messaging_mini.router,
    campaigns_mini.router,
    bot_mini.router,
)
ADMIN_ROUTERS = (
    accounts_admin.router,
    contacts_admin.router,
    needs_admin.router,
    policies_admin.router,
    orgs_admin.router,
    pairing_admin.router,
    pairing_admin.proposals_router,
    pairing_admin.participation_router,
    pairing_admin.repairing_router,
    pairing_admin.handovers_router,
    people_admin.router,
    rosters_admin.router,
    stats_admin.router,
    campaigns_admin.router,
    messaging_admin.router,
)
WECHAT_ROUTERS = (callback_api.router,)


def create_app(settings: Settings, *, services: Services | None = None) -> FastAPI:
    """Build the API.

    Args:
        settings: what the environment says.
        services: what tests and the embedded default share; otherwise real ones live as long as the app.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if services is not None:
            yield
            return
        patience.statement_seconds = REQUEST_SECONDS
        async with running_services(settings) as running:
            app.state.services = running
            settle_memory()
            yield

    documented = not settings.is_production
    app = FastAPI(
        title="连心",
        version="0.1.0",
        lifespan=lifespan,
        docs_url="/docs" if documented else None,
        redoc_url=None,
        # The redirect would be built from the Host header, which the caller writes.
        redirect_slashes=False,
        openapi_url="/openapi.json" if documented else None,
    )
    app.state.services = services
    accounts = accounts_of(settings)
    app.state.wechat_accounts = {WeChatApp.MINI: accounts.mini, WeChatApp.OFFICIAL: accounts.official}
    problems.install(app)
    # Routes are tried in this order: those that WeChat and phones call by the thousand stand first.
    for router in (*WECHAT_ROUTERS, *MINI_ROUTERS, *ADMIN_ROUTERS, *CONSOLE_ROUTERS):
        app.include_router(router)
    _add_health(app)
    _add_metrics(app, token=settings.metrics_token.get_secret_value())
    app.add_middleware(RequestLayer, strict_transport=settings.is_production)
    return app


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def ready() -> JSONResponse:
        # Of a table of ours: a database that nobody prepared answers too.
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await sql.fetch("SELECT 1 AS one FROM org LIMIT 1")
        except (BaseORMException, TimeoutError) as error:
            log.warning("http.not_ready", error=type(error).__name__)
            return JSONResponse({"status": "database"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @app.get("/", include_in_schema=False)
    async def front_door() -> RedirectResponse:
        return RedirectResponse("/console/", status_code=307)


def _add_metrics(app: FastAPI, *, token: str) -> None:
    page = metrics.MetricsPage(
        (
            metrics.core_readings,
            messaging_queries.readings,
            campaign_readings,
            bot_queries.readings,
            _refused_pushes,
        )
    )

    @app.get("/metrics", include_in_schema=False)
    async def show_metrics(request: Request, clock: ClockDep) -> Response:
        host = request.client.host if request.client else ""
        authorization = request.headers.get("authorization", "")
        if not metrics.may_read(authorization=authorization, host=host, token=token):
            raise NotSignedIn
        return Response(await page.text(clock.now()), media_type=metrics.CONTENT_TYPE)


async def _refused_pushes(_: datetime) -> list[metrics.Reading]:
    return [
        metrics.Reading(
            name="lianxin_pushes_refused_total",
            meaning="Pushes that this process refused since it started, by account and reason.",
            value=amount,
            labels={"account": account.value, "reason": reason.value},
        )
        for (account, reason), amount in callback_api.refused_pushes().items()
    ]


def app() -> FastAPI:
    """For `uvicorn --factory app.main:app`."""
    settings = get_settings()
    configure_logging(level=settings.log_level, as_json=settings.is_production)
    return create_app(settings)
