"""Builds the sandbox's application and runs it, on loopback only."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.staticfiles import StaticFiles
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox import control, control_ledger, control_script, mini_phone, page
from sandbox.config import SandboxConfig
from sandbox.exchange import TRANSPORT
from sandbox.gate import Gate
from sandbox.world import NoSuchThing, World

_ASSETS = Path(__file__).parent / "assets"
_START_S = 10.0


class _Protocol(HttpToolsProtocol):
    """Lets a scripted fault reach the connection, to cut it without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[TRANSPORT] = self.transport


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that listens: its address, and its state for code in the same process."""

    base_url: str
    world: World


def create_sandbox(config: SandboxConfig) -> FastAPI:
    """Build the page and the control API; the state is `app.state.sandbox`.

    Run it with `serve` or `run`: their server puts WeChat's own APIs in front of it.
    """
    world = World(config)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(world.open)
        await world.pusher.start()
        clockwork = asyncio.create_task(world.follow_clock())
        try:
            async with mini_phone.MiniPhones(world) as phones:
                app.state.phones = phones
                yield
        finally:
            clockwork.cancel()
            await world.pusher.stop()
            world.ledger.close()

    app = FastAPI(title="微信沙箱", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.sandbox = world
    app.add_exception_handler(NoSuchThing, _not_here)
    for part in (control, control_ledger, control_script):
        app.include_router(part.router)
    app.include_router(mini_phone.router)
    app.include_router(page.router)
    app.mount("/assets", StaticFiles(directory=_ASSETS))
    return app


async def _not_here(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=404)


def build_server(config: SandboxConfig) -> uvicorn.Server:
    """The server for one sandbox, not started and bound to nothing yet."""
    app = create_sandbox(config)
    settings = uvicorn.Config(
        Gate(app, app.state.sandbox),
        http=_Protocol,
        ws="none",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(settings)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one.

    Raises:
        ValueError: `host` is not a loopback address; this server knows no passwords.
        OSError: the port is taken.
    """
    address = ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    # Named TCP: asyncio switches Nagle off only where the socket says so; otherwise an answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def run(config: SandboxConfig, *, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serve until interrupted.

    Raises:
        ValueError: `host` is not a loopback address.
        OSError: the port is taken.
    """
    build_server(config).run(sockets=[listen(host, port)])


@contextlib.asynccontextmanager
async def serve(
    config: SandboxConfig, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[RunningSandbox]:
    """Serve beside other work in this event loop; port 0 takes a free one. Signals stay with the caller.

    Raises:
        ValueError: `host` is not a loopback address.
        OSError: the port is taken.
        RuntimeError: the start took too long or failed.
    """
    listener = listen(host, port)
    server = build_server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await _started(server, task)
        gate = cast("Gate", server.config.app)
        yield RunningSandbox(f"http://{host}:{listener.getsockname()[1]}", gate.world)
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)


async def _started(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    deadline = asyncio.get_running_loop().time() + _START_S
    while not server.started:
        if task.done() or asyncio.get_running_loop().time() > deadline:
            raise RuntimeError("the sandbox did not start")
        await asyncio.sleep(0.01)
