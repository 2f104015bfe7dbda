"""Structured logs: dotted facts with ids, never a name, phone, ID number, openid or token."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_NEVER_LOGGED = frozenset(
    {
        "name", "phone", "id_number", "certificate", "address", "openid", "unionid", "token", "password",
        "secret", "session_key", "note", "content", "code",
    }
)  # fmt: skip


def _drop_personal_data(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NEVER_LOGGED & event.keys():
        event[key] = "[redacted]"
    return event


def configure_logging(*, level: str, as_json: bool, stream: TextIO | None = None) -> None:
    """Set up logging for one process.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        as_json: one JSON object per line (production) instead of coloured text.
        stream: where lines go; standard error when None.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_personal_data,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # At DEBUG this logger prints every statement with its values, that is: people's data.
    logging.getLogger("tortoise.db_client").setLevel(logging.WARNING)
