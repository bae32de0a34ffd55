"""An engine that many sessions share: whose turn it is, and which session it is in."""

from __future__ import annotations

from collections.abc import Callable

from pglite_native.engine import Engine
from pglite_native.session import Message, Session, Stream
from pglite_native.errors import EngineClosed
from pglite_native.server.outbox import Spool
from pglite_native.server.turns import Turns


class SharedEngine:
    """All but `turns` is for who has the turn.

    Args:
        turn_timeout_s: how long a session waits for its turn; None for ever.
        spool_limit: bytes of replies to slow readers that may be in temporary files.
    """

    def __init__(self, engine: Engine, turn_timeout_s: float | None, spool_limit: int) -> None:
        self.turns = Turns()
        self.turn_timeout_s = turn_timeout_s
        self.spool = Spool(spool_limit)
        self._engine = engine
        self._entered: Session | None = None
        self._wakers: dict[int, Callable[[], None]] = {}  # by process

    def open_session(self, wake: Callable[[], None]) -> Session:
        """Begin a session. `wake` is called when it has something to see to while it is idle."""
        session = self._engine.open_session()
        self._wakers[session.pid] = wake
        return session

    def close_session(self, session: Session) -> None:
        """End it as a backend ends that has lost its client."""
        del self._wakers[session.pid]
        self._entered = None
        session.close()

    def exchange(self, session: Session, data: Message) -> Stream:
        """Hand messages on to a session; the answer comes in parts, in bounded memory."""
        if self._entered is not session:
            session.enter()
            self._entered = session
        return self._engine.exec_protocol_stream(data)

    def has_ended(self, session: Session) -> bool:
        """Has PostgreSQL ended the session, by a FATAL error say?"""
        try:
            with self.exchange(session, b""):
                return False
        except EngineClosed:
            return True

    def wake_signalled(self) -> None:
        """Wake the sessions that something waits for, sent by others."""
        for process in self._engine.signalled_sessions():
            wake = self._wakers.get(process)
            if wake is not None:
                wake()

    def wake_all(self) -> None:
        """Wake everybody: the engine has failed, and their next turn tells them so."""
        for wake in self._wakers.values():
            wake()

    def cancel(self) -> None:
        """Cancel what runs; from any thread."""
        self._engine.cancel()
