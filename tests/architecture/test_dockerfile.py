"""The image builds without a Docker engine at hand: a linter reads it, and its steps run in a folder."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import USES_MYSQL

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


def test_the_linter_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint has no wheel for this platform")

    report = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, timeout=60, check=False)

    assert report.stdout + report.stderr == ""


def test_the_image_does_not_run_as_root() -> None:
    last_stage = DOCKERFILE.read_text(encoding="utf-8").rpartition("\nFROM ")[2]

    assert "\nUSER 10001\n" in last_stage


@pytest.mark.skipif(USES_MYSQL, reason="once is enough: no database is involved")
def test_the_build_steps_make_a_command_that_runs(tmp_path: Path) -> None:
    """Run the RUN lines of the build stage with /venv, /build and /src moved into a folder."""
    stage = DOCKERFILE.read_text(encoding="utf-8").split("\nFROM ")[1]
    source = tmp_path / "src"
    source.mkdir()
    for line in re.findall(r"^COPY (.+)$", stage, flags=re.MULTILINE):
        *names, _ = line.split()
        for name in names:
            _copy(ROOT / name, source / name)
    script = "set -e\n"
    for step in re.findall(r"^RUN ((?:.*\\\n)*.*)$", stage, flags=re.MULTILINE):
        script += step.replace("\\\n", " ").replace("python -m venv", f"{sys.executable} -m venv") + "\n"
    script = re.sub(r"(?<![\w/])/(venv|build)\b", rf"{tmp_path}/\1", script)

    built = subprocess.run(
        ["bash", "-c", script], cwd=source, capture_output=True, text=True, timeout=600, check=False
    )
    assert built.returncode == 0, built.stderr
    shutil.rmtree(source)

    help_text = subprocess.run(
        [tmp_path / "venv/bin/lianxin", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert {"api", "worker", "migrate"} <= set(help_text.split())


def _copy(origin: Path, target: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, target)
