"""What a connection has while its client is let in: a session, whichever mode it comes from."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pglite_native.server.startup import Startup

if TYPE_CHECKING:
    from pglite_native.server.isolated import Isolated

RECEIVE_BYTES = 64 * 1024  # at a time, from a client


class Lease(Protocol):
    """A session, for one connection."""

    def converse(self, client: socket.socket, is_stopping: Callable[[], bool]) -> None:
        """Carry bytes both ways, until one side ends it.

        Raises:
            Refusal: the client is to be told why it is over.
            EngineError: the engine has failed.
            OSError: the client has gone.
        """

    def cancel(self) -> None:
        """Cancel what runs, or is waited for; from any thread."""

    def release(self) -> None:
        """End the session; what it has not committed is undone."""


class Databases(Protocol):
    """Where sessions come from: a mode of the server."""

    user: str
    database: str

    @property
    def scratch(self) -> Isolated | None:
        """Where databases named scratch_<anything> are; None if there cannot be any."""

    def acquire(self, startup: Startup) -> tuple[Lease, bytes]:
        """Log in; return a session, and its welcome.

        Raises:
            Refusal: PostgreSQL refuses, the database is in use, or there are too many.
            EngineError: there is no memory for one more session, or the engine has failed.
        """

    def close(self) -> None:
        """End; no connection is left."""
