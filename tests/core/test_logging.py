"""Logs carry ids only."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from app.core.logging import configure_logging


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    before = structlog.get_config()
    lines = StringIO()
    configure_logging(level="INFO", as_json=True, stream=lines)
    yield lines
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
