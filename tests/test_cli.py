"""What the command line says to an operator."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import pymysql
import pytest
from tortoise.exceptions import DBConnectionError, OperationalError

from app.cli import told_plainly, unknown_settings

PASSWORD = "清河县的槐树开花了2026"


def lianxin(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder, on a database file in it."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "LIANXIN_ADMIN_PASSWORD": PASSWORD} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_slip_in_the_name_of_a_setting_is_told_with_the_name_that_was_meant() -> None:
    warnings = unknown_settings(["LIANXIN_PROT", "LIANXIN_PORT", "lianxin_send__chunk", "PATH"])

    assert warnings == ["Warning: there is no setting LIANXIN_PROT; did you mean LIANXIN_PORT?"]


def test_what_the_command_and_the_tests_read_themselves_is_no_slip() -> None:
    assert unknown_settings(["LIANXIN_ADMIN_PASSWORD", "LIANXIN_TEST_REDIS_URL"]) == []


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (
            OperationalError("no such table: org"),
            "database: it has no tables yet: run `lianxin migrate` first",
        ),
        (
            OperationalError(pymysql.err.ProgrammingError(1146, "Table 'lianxin.org' doesn't exist")),
            "database: it has no tables yet: run `lianxin migrate` first",
        ),
        (
            DBConnectionError("Can't connect to MySQL server: {'host': '10.0.0.1', 'user': 'root'}"),
            "database: Can't connect to MySQL server",
        ),
        (
            pymysql.err.OperationalError(1045, "Access denied for user 'root'"),
            "database: Access denied for user 'root'",
        ),
    ],
)
def test_trouble_with_the_database_is_one_sentence(failure: Exception, told: str) -> None:
    with pytest.raises(click.ClickException) as caught, told_plainly():
        raise failure

    assert caught.value.message == told


def test_an_account_before_the_first_migration_and_for_a_strange_federation_is_refused_in_words(
    tmp_path: Path,
) -> None:
    create = ("admin", "create", "--username", "zhou", "--role", "admin", "--org")

    too_early = lianxin(tmp_path, *create, "370102")
    migrated = lianxin(tmp_path, "migrate")
    strange = lianxin(tmp_path, *create, "999999")
    nameless = lianxin(tmp_path, "admin", "create", "--username", " ", "--role", "admin", "--org", "370102")
    made = lianxin(tmp_path, *create, "370102")

    assert (too_early.returncode, too_early.stderr.splitlines()) == (
        1,
        ["Error: database: it has no tables yet: run `lianxin migrate` first"],
    )
    assert migrated.returncode == 0
    assert strange.stderr.startswith("Error: there is no federation 999999")
    assert "用户名应为2至64位" in nameless.stderr
    assert (made.returncode, made.stdout) == (0, "zhou may now sign in\n")


def test_an_operator_hears_whether_the_audit_trail_is_whole(tmp_path: Path) -> None:
    database = f"sqlite://{tmp_path / 'lianxin.db'}"
    lianxin(tmp_path, "migrate", LIANXIN_DATABASE_URL=database)

    whole = lianxin(tmp_path, "audit-check", LIANXIN_DATABASE_URL=database)
    with closing(sqlite3.connect(tmp_path / "lianxin.db")) as connection, connection:
        connection.execute("INSERT INTO audit_head (id, seq, digest) VALUES (1, 2, '')")
    cut = lianxin(tmp_path, "audit-check", LIANXIN_DATABASE_URL=database)

    assert (whole.returncode, whole.stdout) == (0, "the audit trail is whole\n")
    assert (cut.returncode, cut.stderr) == (1, "Error: the audit trail is broken: 末尾缺少 2 条\n")


def test_a_wrong_setting_is_told_under_its_name_before_anything_starts(tmp_path: Path) -> None:
    wrong_port = lianxin(tmp_path, "migrate", LIANXIN_PORT="abc")
    wrong_database = lianxin(tmp_path, "migrate", LIANXIN_DATABASE_URL="postgres://127.0.0.1/lianxin")

    assert wrong_port.stderr.startswith("Error: settings: LIANXIN_PORT: ")
    assert wrong_database.stderr.startswith("Error: settings: LIANXIN_DATABASE_URL must begin with mysql://")
