"""What the package does beside the user's calls, which a snapshot waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pglite_native.engine import forking

QUIET_SECONDS = 5.0
"""How long a snapshot waits: a statement of ours may itself wait for a lock of the user's."""


class Background:
    """A snapshot needs all sessions at rest, and the user knows nothing of those that are ours.

    >>> with engine._background.work():
    ...     session.query("select ...")
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        forking.register(self)

    def _after_fork(self) -> None:
        """See forking."""
        self._lock = threading.RLock()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Run statements of ours, in a session that no user has."""
        with self._lock:
            yield

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Keep our statements from running; without success after QUIET_SECONDS."""
        lock = self._lock
        held = lock.acquire(timeout=QUIET_SECONDS)
        try:
            yield
        finally:
            if held:
                lock.release()
