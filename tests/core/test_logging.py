"""Logs carry ids only."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from app.core.logging import configure_logging

NAME = "王秀兰"


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    before, root = structlog.get_config(), logging.getLogger()
    lines, handlers = StringIO(), root.handlers
    root.handlers = []
    configure_logging(level="INFO", as_json=True, stream=lines)
    yield lines
    root.handlers = handlers
    structlog.configure(**before)


def test_personal_data_given_by_mistake_does_not_reach_the_log(
    log_lines: StringIO,
) -> None:
    structlog.get_logger("test").info(
        "people.found", beneficiary_id=7, phone="13800138000", openid="o-1", name="王"
    )

    line = json.loads(log_lines.getvalue())
    assert line["beneficiary_id"] == 7
    assert {line["phone"], line["openid"], line["name"]} == {"[redacted]"}


class Refused(Exception):
    """As drivers raise it: a number, then words that repeat the value."""


def insert(value: str) -> None:
    raise Refused(1062, f"Duplicate entry {value}")


def break_over(value: str) -> None:
    try:
        insert(value)
    except Refused as refusal:
        raise ValueError(f"{value} is taken") from refusal


@pytest.mark.parametrize("logger", [structlog.get_logger("test"), logging.getLogger("some.library")])
def test_a_failure_is_told_by_kind_number_and_place_but_not_in_its_words(
    log_lines: StringIO, logger: logging.Logger
) -> None:
    try:
        break_over(NAME)
    except ValueError:
        logger.exception("people.broken")

    told = log_lines.getvalue()
    assert "builtins.ValueError" in told
    assert "Refused 1062" in told
    assert "in break_over" in told
    assert NAME not in told
