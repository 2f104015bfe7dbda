"""What routes get injected from the running application."""

from typing import Annotated, cast

from fastapi import Depends, Request

from app.core.clock import Clock
from app.core.queue import Bus
from app.core.settings import Settings


# Coroutines, because FastAPI runs plain functions in a thread.
async def _clock(request: Request) -> Clock:
    return cast("Clock", request.app.state.services.clock)


async def _bus(request: Request) -> Bus:
    return cast("Bus", request.app.state.services.bus)


async def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.services.settings)


ClockDep = Annotated[Clock, Depends(_clock)]
BusDep = Annotated[Bus, Depends(_bus)]
SettingsDep = Annotated[Settings, Depends(_settings)]
