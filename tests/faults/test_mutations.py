"""Whoever takes a guard out of the code is told so by the tests; a sample of guards in every run."""

import asyncio
import random

import pytest

from tests.databases import USES_MYSQL
from tests.faults.driver import seeds, sized
from tests.faults.mutations import MUTATIONS, ROOT, Backend, Mutation, copy_of_the_tree, verdict_of

BACKEND: Backend = "mysql" if USES_MYSQL else "sqlite"
_SAMPLE = 2


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_guard_stands_where_its_mutation_looks_for_it(mutation: Mutation) -> None:
    """Whoever moves a guard moves its mutation in tests/faults/mutations.py along."""
    text = (ROOT / mutation.path).read_text(encoding="utf-8")

    assert mutation.applied(text) != text
    assert any((ROOT / test).exists() for test in mutation.tests)


@pytest.mark.faults
async def test_a_guard_that_is_missing_is_noticed() -> None:
    # What does not depend on the database is tried on SQLite.
    kinds = (BACKEND,) if USES_MYSQL else (BACKEND, None)
    of_this_run = [one for one in MUTATIONS if one.backend in kinds]
    count = sized(min(_SAMPLE, len(of_this_run)), len(of_this_run))
    sample = random.Random(seeds()[0]).sample(of_this_run, count)

    with copy_of_the_tree() as copy:
        verdicts = {
            mutation.name: await asyncio.to_thread(verdict_of, mutation, copy, backend=BACKEND)
            for mutation in sample
        }

    assert [name for name, (verdict, _) in verdicts.items() if verdict != "caught"] == []
