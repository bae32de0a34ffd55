"""Shared mode: all connections are sessions of one database, as with a PostgreSQL server.

One engine runs one session at a time: they take turns (turns.py, session.py). A database by a name
of the form scratch_<anything> is a fork of what the engine held when the server started, as in
isolated mode.
"""

from __future__ import annotations

from contextlib import suppress

from pglite_native import _whereabouts, _wire
from pglite_native.engine import Engine
from pglite_native.errors import EngineError, SnapshotError
from pglite_native.server.isolated import SCRATCH, Isolated
from pglite_native.server.lease import Lease
from pglite_native.server.messages import READY_IDLE, Refusal
from pglite_native.server.session import SessionLease
from pglite_native.server.shared_engine import SharedEngine
from pglite_native.server.startup import Startup
from pglite_native.snapshot import Snapshot


class Shared:
    """Hands out sessions of one engine.

    Raises:
        ValueError: the engine's own session is in a transaction.
    """

    def __init__(
        self,
        template: Engine | Snapshot | None,
        databases_max: int,
        *,
        turn_timeout_s: float | None,
        spool_limit: int,
    ) -> None:
        self._is_own = not isinstance(template, Engine)
        engine = template if isinstance(template, Engine) else Engine(image=template)
        try:
            self.user, self.database = _prepare(engine)
            self.scratch = _scratch_of(engine, databases_max)
        except BaseException:
            if self._is_own:
                engine.close()
            raise
        self._engine = engine
        self._shared = SharedEngine(engine, turn_timeout_s, spool_limit)

    def acquire(self, startup: Startup) -> tuple[Lease, bytes]:
        if startup.database.startswith(SCRATCH):
            return self._forks().acquire(startup)
        lease = SessionLease(self._shared)
        try:
            return lease, lease.log_in(startup.encode(startup.database))
        except BaseException:
            lease.release()
            raise

    def close(self) -> None:
        if self.scratch is not None:
            self.scratch.close()
        if self._is_own:
            with suppress(EngineError):  # one that has failed: it is gone all the same
                self._engine.close()

    def _forks(self) -> Isolated:
        if self.scratch is None:
            raise Refusal(
                "0A000",
                "scratch databases are forks of a database in memory",
                hint="This server's is in a data directory.",
            )
        return self.scratch


def _prepare(engine: Engine) -> tuple[str, str]:
    """Have an engine's sessions begin with nothing of what its own has been used for; return the
    user and the database of that one.
    """
    if not engine.exec_protocol_raw(_wire.sync()).endswith(READY_IDLE):
        raise ValueError("the engine to be shared is in a transaction, or waits for a message")
    reply = engine.exec_protocol_raw(_wire.query("DISCARD ALL") + _whereabouts.QUESTION)
    with suppress(EngineError):  # that has been done, if it has had sessions before
        engine.keep_session()
    return _whereabouts.read(reply)


def _scratch_of(engine: Engine, databases_max: int) -> Isolated | None:
    """Where scratch databases come from; None if they cannot be."""
    try:
        return Isolated(engine, databases_max)
    except SnapshotError:
        return None
