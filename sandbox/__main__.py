"""Runs one sandbox by itself: python -m sandbox --port 8001 --config sandbox.json."""

import argparse
from pathlib import Path

from sandbox.config import SandboxConfig
from sandbox.main import run


def main() -> None:
    """Read the configuration file and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A WeChat of our own on loopback.")
    parser.add_argument("--config", type=Path, required=True, help="JSON file with accounts and templates")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8001)
    options = parser.parse_args()
    run(SandboxConfig.from_file(options.config), host=options.host, port=options.port)


if __name__ == "__main__":
    main()
