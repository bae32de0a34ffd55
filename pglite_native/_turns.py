"""Turns at an engine's session: connections that share it have it for a transaction at a time."""

from __future__ import annotations

import threading
import weakref

from pglite_native.engine import Engine

TIMEOUT_S = 30.0

# Not RLocks: a transaction may end in another thread than the one it began in.
_locks: weakref.WeakKeyDictionary[Engine, threading.Lock] = weakref.WeakKeyDictionary()
_locks_lock = threading.Lock()


class Turn:
    """The turns of one who shares an engine."""

    def __init__(self, engine: Engine, timeout_s: float | None) -> None:
        with _locks_lock:
            self._lock = _locks.setdefault(engine, threading.Lock())
        self._timeout_s = timeout_s
        self.is_taken = False

    def take(self) -> bool:
        """Wait until nobody else has the session; False if that takes too long."""
        if not self.is_taken:
            self.is_taken = self._lock.acquire(
                timeout=-1 if self._timeout_s is None else self._timeout_s
            )
        return self.is_taken

    def give_back(self) -> None:
        if self.is_taken:
            self.is_taken = False
            self._lock.release()
