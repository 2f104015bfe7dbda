"""How long this process waits for MySQL, which aiomysql leaves open for everything but the TCP handshake.

A database that is reached and says nothing (a network that swallows packets, a frozen machine) must hold
neither a request nor a lease nor a shutdown for ever. `tortoise_guards` puts the limits in place.
"""

import time

from pymysql.constants import CR
from pymysql.err import OperationalError

# Somebody who taps or clicks gets his answer within ten seconds, and at the worst it says "later".
REQUEST_SECONDS = 8.0
# A worker expands, sweeps and recounts in statements that may take their time on a busy server.
WORK_SECONDS = 60.0
_CONNECTION_SECONDS = 8.0
# While the database is known to be away nobody is kept waiting to find out again.
_AWAY_CONNECTION_SECONDS = 1.0
_AWAY_SECONDS = 5.0


class Patience:
    """The limits of one process.

    Until `statement_seconds` is set, statements take as long as they take: a migration may need an hour.
    """

    def __init__(self) -> None:
        self.statement_seconds: float | None = None
        self._away_until = 0.0

    @property
    def connection_seconds(self) -> float:
        """How long to wait for a connection of the pool, be it a free one or a new one."""
        return _AWAY_CONNECTION_SECONDS if time.monotonic() < self._away_until else _CONNECTION_SECONDS

    def no_connection(self) -> OperationalError:
        """Return, in the driver's words, that no connection was to be had in time."""
        self._away_until = time.monotonic() + _AWAY_SECONDS
        return OperationalError(CR.CR_CONN_HOST_ERROR, "no connection to the database in time")

    def no_answer(self) -> OperationalError:
        """Return, in the driver's words, that a statement was not answered; it may have been carried out."""
        self._away_until = time.monotonic() + _AWAY_SECONDS
        return OperationalError(CR.CR_SERVER_LOST, "no answer from the database in time")


patience = Patience()
