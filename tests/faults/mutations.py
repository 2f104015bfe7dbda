"""The test of the tests: one guard at a time is taken out of a copy of the code, and the tests must notice.

`python -m tests.faults.mutations` tries all of them; words after it choose by name. Each mutation is a small
change of the text, written down with the tests that have to fail. A text that no longer stands in the code is
an error too: whoever moves a guard moves its mutation along.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.databases import mysql_admin

ROOT = Path(__file__).parents[2]
_COPIED = ("app", "workers", "sandbox", "migrations", "tests", "pyproject.toml", ".env.example")
_SECONDS = 180
# What pytest answers when tests ran and none failed.
_GREEN = 0

Backend = Literal["sqlite", "mysql"]
Verdict = Literal["caught", "survived", "broken"]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One guard less.

    Args:
        name: what is missing, for people.
        path: the file that is changed.
        before: text that stands there exactly once.
        after: what stands there instead.
        tests: what has to fail, as pytest takes it.
        backend: the database on which the guard matters; None for either.
        also: the same guard at another place, before and after.
    """

    name: str
    path: str
    before: str
    after: str
    tests: tuple[str, ...]
    backend: Backend | None = None
    also: tuple[str, str] | None = None

    def applied(self, text: str) -> str:
        """Return the text of the file without the guard.

        Raises:
            ValueError: the guard does not stand there exactly once.
        """
        for before, after in ((self.before, self.after), *([self.also] if self.also else [])):
            if text.count(before) != 1:
                raise ValueError(f"{self.name}: {before!r} stands {text.count(before)} times in {self.path}")
            text = text.replace(before, after)
        return text


_MESSAGING = "app/messaging"
_OPERATIONS = f"{_MESSAGING}/operations"
_GUARDS = "app/core/tortoise_guards.py"
_DOUBTS = "tests/messaging/test_doubts.py"
_LEASING = "tests/messaging/test_leasing.py"
_SETTLING = "tests/messaging/test_settling.py"
_SENDING = "tests/messaging/test_sending.py"
_GUARD_TESTS = ("tests/core/test_tortoise_guards.py", "tests/faults/test_transactions.py")


def _cure(name: str, line: str, *, backend: Backend, tests: tuple[str, ...] = _GUARD_TESTS) -> Mutation:
    return Mutation(f"cure of {name}", _GUARDS, f"    {line}\n", "", tests, backend)


MUTATIONS: Sequence[Mutation] = (
    Mutation(
        "an outcome is written to a row of another claim",
        f"{_OPERATIONS}/settling.py",
        ' AND lease_token IN ({sql.marks(len(_tokens(outcomes)))})"',
        ' AND (1 = 1 OR lease_token IN ({sql.marks(len(_tokens(outcomes)))}))"',
        (_SETTLING,),
    ),
    Mutation(
        "the intent is not committed before the message leaves",
        f"{_OPERATIONS}/leasing.py",
        "        found = await _mark_sending(messages, now=now, lease_ms=lease_ms)\n"
        "        return list(messages)",
        "        found = len(messages)\n        return list(messages)",
        (_LEASING,),
    ),
    Mutation(
        "an intent is written though the lease has passed",
        f"{_OPERATIONS}/leasing.py",
        " AND lease_token = %s AND lease_until_ms >= {sql.db_now_ms()}",
        " AND lease_token = %s",
        (_DOUBTS,),
    ),
    Mutation(
        "a message without an intent counts as begun",
        f"{_OPERATIONS}/leasing.py",
        "WHERE state = 'sending' AND begun = 1 AND lease_token = %s\"",
        "WHERE state = 'sending' AND lease_token = %s\"",
        (_DOUBTS,),
    ),
    Mutation(
        "what was being sent goes back like what was only claimed",
        f"{_OPERATIONS}/leasing.py",
        "FROM message WHERE state = 'sending' AND begun = 0\"\n",
        "FROM message WHERE state = 'sending'\"\n",
        (_LEASING,),
        also=(
            "WHERE state = 'sending' AND begun = 0 AND id IN ({_row_ids(rows)})",
            "WHERE state = 'sending' AND id IN ({_row_ids(rows)})",
        ),
    ),
    Mutation(
        "every try has a key of its own",
        f"{_MESSAGING}/sending/channels.py",
        'f"lx{message.id}"',
        'f"lx{message.id}-{message.attempts}"',
        ("tests/faults/test_every_await.py",),
    ),
    Mutation(
        "a template message is repeated though its key is forgotten",
        f"{_MESSAGING}/rules/channels.py",
        "return window is not None and now - first_tried_at < window",
        "return window is not None",
        ("tests/messaging/test_refusals.py",),
    ),
    Mutation(
        "after a crash a template message is repeated though its key is forgotten",
        f"{_OPERATIONS}/leasing.py",
        "now - RETRY_WINDOW)",
        "now - 100 * RETRY_WINDOW)",
        (_LEASING,),
    ),
    Mutation(
        "rows changed are counted, not rows found",
        "app/core/database.py",
        "_CLIENT_FOUND_ROWS = 2",
        "_CLIENT_FOUND_ROWS = 0",
        ("tests/messaging", "tests/core"),
        "mysql",
    ),
    Mutation(
        "a credit comes back for a row that took no outcome",
        f"{_OPERATIONS}/settling.py",
        "        group = [one for one in group if one.message.id in taken]\n",
        "",
        (_SETTLING,),
    ),
    Mutation(
        "a receipt changes what has ended",
        f"{_OPERATIONS}/settling.py",
        "WHERE wechat_msgid = %s AND state IN ('sent', 'held', 'unknown')\"",
        'WHERE wechat_msgid = %s"',
        (_SETTLING,),
    ),
    Mutation(
        "a receipt goes to another message while the right one waits",
        f"{_OPERATIONS}/reconciling.py",
        "WHERE state IN ('queued', 'sending', 'unknown', 'held') AND openid",
        "WHERE state IN ('sending', 'unknown', 'held') AND openid",
        (_DOUBTS,),
    ),
    Mutation(
        "what may have arrived is called not sent",
        f"{_MESSAGING}/sending/preparing.py",
        "reason if message.first_tried_at is None else Reason.UNANSWERED",
        "reason",
        (_DOUBTS,),
    ),
    Mutation(
        "a refusal undoes an unanswered try",
        f"{_MESSAGING}/sending/trying.py",
        "unsure_before=message.first_tried_at is not None",
        "unsure_before=False",
        (_DOUBTS,),
    ),
    Mutation(
        "bulk messages leave at night",
        f"{_MESSAGING}/sending/running.py",
        "urgent_only=is_quiet(now)",
        "urgent_only=False",
        (_SENDING,),
    ),
    Mutation(
        "there is no cap of a day",
        f"{_MESSAGING}/rules/fuses.py",
        "(Reason.DAILY_CAP, today, DAILY_CAP)",
        "(Reason.DAILY_CAP, today, 1000 * DAILY_CAP)",
        (_SENDING, "tests/messaging/test_fuses.py"),
    ),
    Mutation(
        "two workers expand the same stretch of people",
        "app/campaigns/operations/expanding.py",
        "            expanded_to=campaign.expanded_to,\n",
        "",
        ("tests/campaigns/test_expanding.py",),
    ),
    Mutation(
        "a token that others replaced is dropped",
        "app/wechat/tokens.py",
        "if kept is not None and kept[0] == token:",
        "if kept is not None:",
        ("tests/wechat/test_tokens.py",),
    ),
    Mutation(
        "a token that others replaced is dropped from Redis",
        "app/wechat/tokens.py",
        "if redis.call('GET', KEYS[1]) == ARGV[1] then",
        "if true then",
        ("tests/wechat/test_tokens.py",),
        "mysql",
    ),
    Mutation(
        "everybody who needs a token fetches one",
        "app/wechat/tokens.py",
        "            if self._renewals == renewals:\n",
        "            if True:\n",
        ("tests/wechat/test_tokens.py",),
    ),
    Mutation(
        "no answer counts as nothing sent",
        "app/wechat/wire.py",
        "except (aiohttp.ClientError, TimeoutError, OSError) as error:\n            raise WeChatUnanswered(",
        "except (aiohttp.ClientError, TimeoutError, OSError) as error:\n            raise WeChatNotReached(",
        ("tests/wechat/test_client.py",),
    ),
    _cure(
        "a pooled BEGIN that fails",
        "base_client.TransactionContextPooled.__aenter__ = _pooled_enter",
        backend="mysql",
    ),
    _cure(
        "a pooled transaction that is cancelled",
        "base_client.TransactionContextPooled.__aexit__ = _pooled_exit",
        backend="mysql",
    ),
    _cure(
        "a deadlock inside a nested transaction",
        "base_client.NestedTransactionContext.__aexit__ = _nested_exit",
        backend="mysql",
    ),
    _cure(
        "a BEGIN of SQLite that is cancelled",
        "sqlite_client.SqliteTransactionContext.__aenter__ = _sqlite_enter",
        backend="sqlite",
    ),
    _cure(
        "an end of SQLite's transaction that is cancelled",
        "sqlite_client.SqliteTransactionContext.__aexit__ = _sqlite_exit",
        backend="sqlite",
    ),
    _cure(
        "a transaction that takes the lock too late",
        "sqlite_client.SqliteTransactionWrapper.begin = _sqlite_begin",
        backend="sqlite",
    ),
    _cure(
        "a bulk insert that is cancelled",
        "sqlite_client.SqliteClient.execute_many = sqlite_client.translate_exceptions(_sqlite_execute_many)",
        backend="sqlite",
    ),
    _cure(
        "tables that are blind for case",
        "mysql_schema_editor.MySQLSchemaEditor._table_generate_extra = _case_sensitive_table",
        backend="mysql",
    ),
)


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """Copy what tests need into a folder that may be spoiled."""
    with tempfile.TemporaryDirectory(prefix="lianxin-mutations-") as folder:
        copy = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, copy / name)
        yield copy


def verdict_of(mutation: Mutation, copy: Path, *, backend: Backend) -> tuple[Verdict, str]:
    """Try one mutation in a copy of the tree, put the copy right again, and say what noticed it."""
    file = copy / mutation.path
    sound = file.read_text(encoding="utf-8")
    file.write_text(mutation.applied(sound), encoding="utf-8")
    try:
        code, failed = _run(mutation.tests, copy, backend=backend)
    finally:
        file.write_text(sound, encoding="utf-8")
    if failed:
        return "caught", failed
    # Only a test that failed counts: whatever else goes wrong is no answer.
    return ("survived" if code == _GREEN else "broken"), ""


def _run(tests: Sequence[str], copy: Path, *, backend: Backend) -> tuple[int, str]:
    """Run tests in the copy up to the first that fails; return pytest's answer and which one that was."""
    prefix = f"lianxin_mutation_{uuid.uuid4().hex[:8]}_"
    environment = os.environ | {
        "LIANXIN_TEST_DATABASE": backend,
        "LIANXIN_TEST_PREFIX": prefix,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(copy),
    }
    # Twice, because the configuration asks for less: one line for each test, as it ends.
    command = [sys.executable, "-m", "pytest", "-vv", "-x", "-p", "no:randomly", "-p", "no:cacheprovider"]
    existing = [test for test in tests if (copy / test).exists()]
    with subprocess.Popen(
        [*command, *existing], cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        # Without its guard a test may wait for ever, or what cleans up after it.
        limit = threading.Timer(_SECONDS, process.kill)
        limit.start()
        failed = _first_failure(process)
        if failed:
            process.kill()
        process.wait()
        ran_out = not limit.is_alive()
        limit.cancel()
    if backend == "mysql":
        _drop_databases(prefix)
    return process.returncode, failed or (f"no end within {_SECONDS} seconds" if ran_out else "")


def _first_failure(process: "subprocess.Popen[bytes]") -> str:
    """Read line by line, and return the name of the first test that fails."""
    for line in process.stdout or ():
        test, _, rest = line.decode(errors="replace").partition(" FAILED")
        if rest:
            return test.rpartition("::")[2]
    return ""


def _drop_databases(prefix: str) -> None:
    """Remove what a run that was killed has left."""
    for (name,) in mysql_admin(f"SHOW DATABASES LIKE '{prefix}%'"):
        mysql_admin(f"DROP DATABASE {name}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """Try all mutations, or those whose name holds one of the words; return how many survived or broke."""
    chosen = [one for one in MUTATIONS if not words or any(word in one.name for word in words)]
    bad = 0
    with copy_of_the_tree() as copy:
        for mutation in chosen:
            verdict, failed = verdict_of(mutation, copy, backend=mutation.backend or "sqlite")
            bad += verdict != "caught"
            _say(f"{verdict:8} {mutation.backend or 'sqlite':6} {mutation.name}: {failed}")
    _say(f"{len(chosen) - bad} of {len(chosen)} mutations were caught")
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
