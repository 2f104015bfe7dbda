"""Solves one task in a process of its own: a pickled `Task` comes in, a pickled `Proposed` goes out.

The worker that sends messages neither waits for it nor carries its memory, and can end it at any time.
"""

import pickle
import resource
import sys

from app.pairing.rules.proposing import propose

# The largest task takes about a third of it.
_MEMORY_BYTES = 1024 * 1024 * 1024


def main() -> None:
    """Read, solve, write."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the worker that started us
    sys.stdout.buffer.write(pickle.dumps(propose(task)))


if __name__ == "__main__":
    main()
