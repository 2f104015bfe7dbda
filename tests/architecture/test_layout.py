"""The house rules about files, checked on the files themselves."""

import ast
import re
from pathlib import Path

import pytest

from app.core.database import MODEL_MODULES

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
FEATURE_FILES = {
    *("__init__", "enums", "rules", "notices", "models", "queries"),
    *("operations", "schemas", "mini_api", "admin_api"),
}
# Further files, each with its reason.
ALSO_ALLOWED = {
    "accounts": {"deps"},  # who calls, injected into the routes of all features
    "messaging": {"sending"},  # the only code that talks to WeChat for messages, outside any transaction
    "campaigns": {"writers"},  # texts for messaging, which stands below and is handed them
}
NOT_FEATURES = {"core", "wechat", "sms", "bot", "console", "__pycache__"}
FEATURES = sorted(
    folder
    for folder in APP.iterdir()
    if (folder / "__init__.py").exists() and folder.name not in NOT_FEATURES
)
OUR_PYTHON = sorted(
    path for top in ("app", "workers", "sandbox", "tests", "bench") for path in (ROOT / top).rglob("*.py")
)  # fmt: skip
OPERATIONS = sorted([*APP.glob("*/operations.py"), *APP.glob("*/operations/*.py")])
QUERIES = sorted([*APP.glob("*/queries.py"), *APP.glob("*/queries/*.py")])


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("feature", FEATURES, ids=lambda folder: folder.name)
def test_a_feature_holds_only_the_agreed_files(feature: Path) -> None:
    modules = {path.stem for path in feature.glob("*.py")} | {
        path.parent.name for path in feature.glob("*/__init__.py")
    }

    assert modules <= FEATURE_FILES | ALSO_ALLOWED.get(feature.name, set())


def test_every_models_file_is_listed() -> None:
    assert sorted(MODEL_MODULES) == sorted(
        f"app.{path.parent.name}.models" for path in APP.glob("*/models.py")
    )


@pytest.mark.parametrize("path", OUR_PYTHON, ids=_name)
def test_no_file_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", OUR_PYTHON, ids=_name)
def test_no_function_is_too_long_to_read(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    too_long = {node.name for node in functions if _length(node) > 40}

    assert too_long == set()


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count lines without the docstring: explaining a rule well is no fault."""
    assert node.end_lineno is not None
    first = node.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
    return node.end_lineno - node.lineno + 1 - docstring


@pytest.mark.parametrize("path", OPERATIONS + QUERIES, ids=_name)
def test_public_operations_and_queries_explain_themselves(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))

    silent = [node.name for node in _public_functions(tree) if ast.get_docstring(node) is None]

    assert silent == []


@pytest.mark.parametrize("path", QUERIES, ids=_name)
def test_every_public_query_takes_a_scope_or_says_why_not(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))

    open_doors = [
        node.name
        for node in _public_functions(tree)
        if "scope" not in {argument.arg for argument in node.args.kwonlyargs}
        and "No scope:" not in (ast.get_docstring(node) or "")
    ]

    assert open_doors == []


def _public_functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize("path", [path for path in OUR_PYTHON if path != Path(__file__)], ids=_name)
def test_nothing_is_left_for_later(path: Path) -> None:
    marks = re.findall(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b", path.read_text(encoding="utf-8"))

    assert marks == []


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=_name)
def test_rows_are_locked_as_objects(path: Path) -> None:
    # Tortoise leaves FOR UPDATE out, without a word, when columns are asked for: `.only(…)` locks.
    calls = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    reading = [
        ast.unparse(call)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"values", "values_list"}
    ]

    assert [text for text in reading if "select_for_update" in text] == []


@pytest.mark.parametrize("path", sorted(APP.glob("*/models.py")), ids=_name)
def test_no_table_comment_holds_a_semicolon(path: Path) -> None:
    """A model's docstring becomes the comment of its table, and SQLite's migrations split at semicolons."""
    classes = [
        node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)
    ]

    assert [node.name for node in classes if ";" in (ast.get_docstring(node) or "")] == []
