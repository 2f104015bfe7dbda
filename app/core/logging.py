"""Structured logs: dotted facts with ids, never a name, phone, ID number, openid or token."""

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
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


def failure_told(error: BaseException) -> str:
    """Return where a failure came from, innermost cause last, without its words.

    Words of drivers and validators repeat the value that they refused: a name, a phone, an openid. A number
    before the words (MySQL's errno) is kept.
    """
    return "\n".join(part.rstrip() for link in _causes(error) for part in _link_told(link))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _link_told(error: BaseException) -> Iterator[str]:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    yield kind if number is None else f"{kind} {number}"
    yield from traceback.format_tb(error.__traceback__)
    if isinstance(error, BaseExceptionGroup):
        yield from (failure_told(inner) for inner in error.exceptions)


def _tell_failure(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        event["exception"] = failure_told(error)
    return event


class _LibraryLines(logging.Formatter):
    """Lines of the libraries, with failures told as in our own."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name in the standard library
        return failure_told(ei[1]) if ei[1] is not None else ""


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
            _tell_failure,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=True,
    )
    library_lines = logging.StreamHandler(stream or sys.stderr)
    library_lines.setFormatter(_LibraryLines("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[library_lines])
    # At DEBUG this logger prints every statement with its values, that is: people's data.
    logging.getLogger("tortoise.db_client").setLevel(logging.WARNING)
