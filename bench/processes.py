"""The processes that benchmarks run beside themselves: the stand-in, workers, a Redis of their own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_START_SECONDS = 20.0
_END_SECONDS = 40.0

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Judge:
    """The stand-in, asked what really arrived."""

    base: str

    def tally(self) -> dict[str, Any]:
        """Return its counts."""
        return self._ask("/_tally", None)

    def reset(self, **ways: float) -> None:
        """Make it forget everybody, and answer in these ways from now on: latency, rate."""
        self._ask("/_reset", json.dumps(ways).encode())

    def _ask(self, path: str, body: bytes | None) -> dict[str, Any]:
        request = urllib.request.Request(self.base + path, data=body)  # noqa: S310 - our own process
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
        return found


@contextlib.contextmanager
def judging(*, latency: float = 0.08, rate: float = 0.0) -> Iterator[Judge]:
    """Run the stand-in."""
    command = [sys.executable, "-m", "bench.standin", "--latency", str(latency), "--rate", str(rate)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        try:
            yield Judge(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """Run a Redis that keeps nothing, and yield its address."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
        with running(command, {}, log=Path(folder) / "log") as process:
            wait_until(lambda: _listens(port), process)
            yield f"redis://127.0.0.1:{port}/0"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    happened: Callable[[], bool], *processes: Process, seconds: float = _START_SECONDS, pause: float = 0.05
) -> None:
    """Wait for something that these processes are to bring about.

    Raises:
        RuntimeError: one of them ended, or it took too long.
    """
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
            raise RuntimeError("a process of the benchmark ended or did not do its work in time")
        time.sleep(pause)


def start(
    command: Sequence[str], environment: Mapping[str, str], *, log: Path, folder: Path = ROOT
) -> Process:
    """Start a process in a group of its own, so that a kill takes its children too."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=folder,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def end(process: Process) -> None:
    """Ask a process to stop, and make it stop."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
    kill(process)


def kill(process: Process) -> None:
    """End a process and its children as a power cut does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], *, log: Path) -> Iterator[Process]:
    """Run a process until the context ends."""
    process = start(command, environment, log=log)
    try:
        yield process
    finally:
        end(process)


def worker_environment(
    *, database_url: str, redis_url: str, judge: Judge, send: Mapping[str, float]
) -> dict[str, str]:
    """Return what a worker of ours reads from its environment.

    Args:
        database_url: where the messages are.
        redis_url: of the bells.
        judge: whom it sends to.
        send: concurrency, rate_per_second, chunk, lease_seconds.
    """
    return {
        "LIANXIN_DATABASE_URL": database_url,
        "LIANXIN_REDIS_URL": redis_url,
        "LIANXIN_WECHAT__API_BASE": judge.base,
        "LIANXIN_LOG_LEVEL": "WARNING",
        **{f"LIANXIN_SEND__{name.upper()}": str(value) for name, value in send.items()},
    }


def cpu_seconds(process: Process) -> float:
    """Return how much of a core a process has used since it began."""
    words = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def api(environment: Mapping[str, str], *, log: Path) -> Iterator[tuple[int, Process]]:
    """Run one process of the API, and yield its port and itself."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", "--factory", "app.main:app", "--port", str(port),
        "--no-access-log", "--log-level", "warning", "--no-server-header",
    ]  # fmt: skip
    with running(command, environment, log=log) as process:
        wait_until(lambda: _listens(port), process)
        yield port, process


WORKER = (sys.executable, "-m", "workers")
