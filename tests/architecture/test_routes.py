"""No door without a guard."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from app.accounts import deps
from app.bootstrap import Services
from app.console.routers import ROUTERS as CONSOLE_ROUTERS
from app.main import ADMIN_ROUTERS, MINI_ROUTERS, WECHAT_ROUTERS, create_app

GUARDS = {deps._mini_caller, deps._cadre_caller, deps._staff_caller}
# Open on purpose, each with its reason.
OPEN = {
    ("POST", "/mini/v1/session"): "signing in",
    ("POST", "/admin/v1/session"): "signing in",
    ("DELETE", "/admin/v1/session"): "signing out needs no more than the token it ends",
    ("GET", "/wechat/official"): "WeChat proves itself by signature",
    ("POST", "/wechat/official"): "WeChat proves itself by signature",
    ("GET", "/wechat/mini"): "WeChat proves itself by signature",
    ("POST", "/wechat/mini"): "WeChat proves itself by signature",
    ("GET", "/console/sign-in"): "signing in",
    ("POST", "/console/sign-in"): "signing in",
    ("POST", "/console/sign-out"): "signing out needs no more than the token it ends",
    ("GET", "/console/static/{name}"): "how the sign-in page looks",
    ("GET", "/healthz"): "for the supervisor, tells nothing",
    ("GET", "/"): "leads to the console, which asks",
    ("GET", "/readyz"): "for the supervisor, tells nothing",
    ("GET", "/metrics"): "numbers for Prometheus, by a token of its own",
}


def _calls(dependant: Any) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _methods(route: APIRoute) -> set[str]:
    return route.methods or set()


def _routes(services: Services) -> list[APIRoute]:
    own = create_app(services.settings, services=services).routes
    # The application keeps included routers as one entry each, so their routes are taken from the routers.
    routers = (*MINI_ROUTERS, *ADMIN_ROUTERS, *WECHAT_ROUTERS, *CONSOLE_ROUTERS)
    included = [route for router in routers for route in router.routes]
    return [route for route in (*own, *included) if isinstance(route, APIRoute)]


def test_the_routes_of_the_features_are_among_those_that_are_checked(services: Services) -> None:
    paths = {route.path for route in _routes(services)}

    assert {"/mini/v1/me", "/admin/v1/orgs", "/wechat/official", "/console/home", "/healthz"} <= paths


def test_every_route_asks_who_is_calling(services: Services) -> None:
    unguarded = {
        (method, route.path)
        for route in _routes(services)
        for method in _methods(route)
        if not GUARDS & set(_calls(route.dependant))
    }

    assert unguarded - OPEN.keys() == set()


def test_the_list_of_open_routes_is_not_stale(services: Services) -> None:
    existing = {(method, route.path) for route in _routes(services) for method in _methods(route)}

    assert OPEN.keys() <= existing


def test_the_console_and_the_mini_program_have_guards_of_their_own(services: Services) -> None:
    for route in _routes(services):
        called = set(_calls(route.dependant))
        if route.path.startswith(("/admin/", "/console/")):
            assert not {deps._mini_caller, deps._cadre_caller} & called, route.path
        if route.path.startswith("/mini/"):
            assert deps._staff_caller not in called, route.path


@pytest.mark.parametrize("prefix", ["/admin/v1/", "/mini/v1/", "/console/"])
def test_every_list_is_bounded(services: Services, prefix: str) -> None:
    for route in _routes(services):
        parameters = {parameter.name: parameter for parameter in route.dependant.query_params}
        if route.path.startswith(prefix) and "limit" in parameters:
            assert any("le=" in repr(mark) for mark in parameters["limit"].field_info.metadata), route.path
