"""One plain ASGI layer around every request: id, log line, size limit, headers."""

import time
import uuid

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import problems
from app.core.errors import TooLarge

log = structlog.get_logger()

# The largest JSON that we ask for has some thousand characters.
BODY_LIMIT = 128 * 1024
UPLOAD_LIMIT = 20 * 1024 * 1024
_UPLOAD_PATHS = ("/admin/v1/imports", "/console/rosters")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class RequestLayer:
    """Wraps the application; a class of its own because BaseHTTPMiddleware costs more than the request.

    Args:
        app: the application inside.
        strict_transport: add HSTS, for production behind TLS.
    """

    def __init__(self, app: ASGIApp, *, strict_transport: bool = False) -> None:
        self._app = app
        self._headers = list(_HEADERS)
        if strict_transport:
            self._headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                extra = [pair for pair in self._headers if pair[0] not in present]
                message["headers"] = [*message["headers"], *extra, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._within_limit(scope, receive, send_with_headers)
        except Exception as error:
            log.exception("http.unexpected", error=type(error).__name__)
            if status:
                # Half an answer has left: only a cut connection tells that it is not whole.
                raise
            await problems.of_bug(request_id=request_id)(scope, receive, send_with_headers)
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            log.debug(
                "http.request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds
            )
            structlog.contextvars.unbind_contextvars("request_id")

    async def _within_limit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/wechat/"):
            # WeChat's callbacks have a limit of their own and answer in plain text.
            await self._app(scope, receive, send)
            return
        limit = UPLOAD_LIMIT if scope["path"].startswith(_UPLOAD_PATHS) else BODY_LIMIT
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > limit:
            await problems.of_error(TooLarge())(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(TooLarge.status)
            return message

        await self._app(scope, counted, send)
