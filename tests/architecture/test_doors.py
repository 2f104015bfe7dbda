"""What every door asks of a body. Who may knock where, and what he is told: `tests/access`."""

from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.core.bodies import RequestBody
from app.main import ADMIN_ROUTERS, MINI_ROUTERS


@pytest.mark.parametrize("router", [*ADMIN_ROUTERS, *MINI_ROUTERS], ids=lambda router: router.routes[0].path)
def test_every_json_body_refuses_unknown_fields(router: Any) -> None:
    bodies = [
        kind
        for route in router.routes
        if isinstance(route, APIRoute)
        for field in route.dependant.body_params
        if isinstance(kind := field.field_info.annotation, type) and issubclass(kind, BaseModel)
    ]

    assert [body for body in bodies if not issubclass(body, RequestBody)] == []
    assert all(body.model_config.get("extra") == "forbid" for body in bodies)
