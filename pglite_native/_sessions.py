"""Sessions: many PostgreSQL backends in one engine, by turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pglite_native._native import check, ffi, lib

if TYPE_CHECKING:
    from pglite_native.engine import Engine


class Session:
    """One more backend of an engine: `Engine.open_session` makes it.

    What a connection has to itself, it has: settings, role, prepared statements, portals, temporary
    tables, advisory locks, LISTEN. Database and files are common to all. One session has its turn,
    the one that entered last; turns change outside transactions only.

    Attributes:
        pid: its process number, as pg_backend_pid() returns it and pg_stat_activity shows it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine: Any = engine  # kept: its handle must live as long as this
        process, error = ffi.new("int32_t *"), ffi.new("pgn_error *")
        check(lib.pgn_session_open(self._handle, process, error), error)
        self.pid: int = process[0]

    @property
    def _handle(self) -> Any:
        return self._engine._handle

    def enter(self) -> None:
        """Make this the session that the engine's calls talk to.

        Raises:
            EngineError: the one whose turn it is, is in a transaction or in a message.
            EngineClosed: this one has been closed.
        """
        error = ffi.new("pgn_error *")
        check(lib.pgn_session_enter(self._handle, self.pid, error), error)

    def close(self) -> None:
        """End the session, as a backend's exit does, in a transaction or not; idempotent.

        The engine's calls talk to its own session then.

        Raises:
            EngineError: another session is in a transaction.
        """
        error = ffi.new("pgn_error *")
        check(lib.pgn_session_close(self._handle, self.pid, error), error)

    def __enter__(self) -> Session:
        self.enter()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
