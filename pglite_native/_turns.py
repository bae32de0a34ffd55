"""Turns at an engine, which runs one transaction at a time: its connections have it one by one.

A connection shares the engine's own session with others, or has a session of its own; turns are
the same for both.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from contextlib import suppress

from pglite_native.engine import Engine
from pglite_native.session import Session
from pglite_native.errors import EngineError

TIMEOUT_S = 30.0


class _Place:
    """What is waited for at an engine."""

    def __init__(self) -> None:
        # Not an RLock: a transaction may end in another thread than the one it began in.
        self.lock = threading.Lock()
        self.left: deque[Session] = deque()
        """Sessions to be closed, which wants an engine that is in no transaction."""


_places: weakref.WeakKeyDictionary[Engine, _Place] = weakref.WeakKeyDictionary()
_places_lock = threading.Lock()


class Turn:
    """The turns of one connection."""

    def __init__(self, engine: Engine, timeout_s: float | None, *, own_session: bool) -> None:
        with _places_lock:
            self._place = _places.setdefault(engine, _Place())
        self._engine = engine
        self._timeout_s = timeout_s
        self._has_own_session = own_session
        self._session: Session | None = None
        self.is_taken = False

    def take(self) -> bool:
        """Wait until nobody else has the engine; False if that takes too long."""
        if self.is_taken:
            return True
        if not self._place.lock.acquire(timeout=-1 if self._timeout_s is None else self._timeout_s):
            return False
        try:
            if self._has_own_session:
                self._enter()
        except BaseException:
            self._place.lock.release()
            raise
        self.is_taken = True
        return True

    def give_back(self) -> None:
        if self.is_taken:
            self.is_taken = False
            self._leave()

    def leave(self) -> None:
        """Have no more turns; a session of one's own ends, with the transaction it is in."""
        if self._session is not None:
            self._place.left.append(self._session)
            self._session = None
        if self.is_taken or self._place.lock.acquire(blocking=False):
            self.is_taken = False
            self._leave()

    def _enter(self) -> None:
        if self._session is None:
            self._session = self._engine.open_session()
        self._session.enter()

    def _leave(self) -> None:
        while self._place.left:
            with suppress(EngineError):  # the engine has failed, or was closed
                self._place.left.popleft().close()
        self._place.lock.release()
