"""One engine itself, for one connection at a time: for programs that want a server's address.

pg_dump, a terminal client and psycopg come one after the other; whoever comes meanwhile waits.
"""

from __future__ import annotations

import threading

from pglite_native import _wire
from pglite_native.engine import Engine
from pglite_native.server.backend import Backend
from pglite_native.server.isolated import Fork
from pglite_native.server.messages import Refusal
from pglite_native.server.server import Server
from pglite_native.server.startup import Startup
from pglite_native.snapshot import Snapshot

PATIENCE_S = 5.0  # the one before may just be leaving


class Single:
    """Hands out the engine's one session."""

    scratch = None

    def __init__(self, engine: Engine) -> None:
        reply = engine.exec_protocol_raw(_wire.query("SELECT session_user, current_database()"))
        (row,) = [payload for kind, payload in _wire.Splitter().feed(reply) if kind == "D"]
        self.user, self.database = map(str, _wire.values(row))
        self._backend = Backend(engine)
        self._free = threading.Semaphore()

    def acquire(self, startup: Startup) -> tuple[Fork, bytes]:
        if not self._free.acquire(timeout=PATIENCE_S):
            raise Refusal(
                "53300",
                "another connection is using the database",
                detail="It serves one connection at a time.",
            )
        try:
            welcome = self._backend.log_in(startup.encode(startup.database))
        except BaseException:
            self._free.release()
            raise
        return Fork(self, self._backend, self.database), welcome

    def give_back(self, _name: str, _backend: Backend | None) -> None:
        """End a connection's use of it."""
        self._free.release()

    def close(self) -> None:
        """The engine stays open: it is somebody else's."""


class SingleServer(Server):
    """A server of one engine on a private Unix socket; until it is closed the engine is its own."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)

    def _mode(self, template: Engine | Snapshot | None, databases_max: int) -> Single:
        assert isinstance(template, Engine)
        return Single(template)
