"""What docs/guarantees.md promises is held up by tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PROOFS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


def test_the_page_names_its_proofs() -> None:
    promises = [
        line
        for line in PAGE.splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| promise"))
    ]

    assert promises
    assert all("::test_" in line for line in promises)


@pytest.mark.parametrize(("path", "test"), PROOFS, ids=lambda part: part)
def test_the_proof_of_a_promise_exists(path: str, test: str) -> None:
    assert re.search(rf"^(?:async )?def {test}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
