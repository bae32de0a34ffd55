"""Changes: an iterator of committed changes, for a thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from pglite_native._closing import Dropping
from pglite_native.changes.change import Change, CommittedTransaction
from pglite_native.changes.reader import Reader, pause_after
from pglite_native.database.pglite import PGlite
from pglite_native.engine import forking
from pglite_native.errors import EngineClosed, EngineError, PGliteError

Item = TypeVar("Item", Change, CommittedTransaction)


class Changes(Dropping):
    """The changes that all sessions of a cluster commit to a database; PGlite.changes makes it.

    >>> with db.changes(tables=["author"], timeout=0) as changes:
    ...     db.query("insert into author (name) values ($1)", ["Austen"])
    ...     for change in changes:
    ...         print(change.operation, change.new)
    insert {'id': 2, 'name': 'Austen'}

    Each iteration takes up where the one before has ended. A change counts as taken when the one
    after it is asked for, or by `confirm`.

    `timeout` is how long an iteration waits for a change before it ends, in seconds, None for ever;
    it may be changed.
    """

    _reader: Reader | None = None  # what is dropped may have failed to open

    def __init__(
        self, session: PGlite, open_reader: Callable[[PGlite], Reader], timeout: float | None
    ) -> None:
        """Not to be called."""
        self.timeout = timeout
        self._session = session
        self._lock = threading.RLock()
        self._closing = threading.Event()
        forking.register(self)
        try:
            self._reader = open_reader(session)
        except BaseException:
            session.close()
            raise

    def _after_fork(self) -> None:
        """See forking. Slot and session are the parent's."""
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._closing.set()
        self._reader = None

    @property
    def slot(self) -> str:
        """The name of its replication slot."""
        return self._open_reader().slot.name

    @property
    def publications(self) -> tuple[str, ...]:
        """The names of the publications that it reads."""
        return self._open_reader().slot.publications

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._closing.is_set()

    def __iter__(self) -> Iterator[Change]:
        """Yield each change, in the order of commits.

        Raises:
            DatabaseError: PostgreSQL's error.
            EngineClosed: it is closed, or the database.
        """
        return self._iterate(Reader.take)

    def transactions(self) -> Iterator[CommittedTransaction]:
        """Yield the changes transaction by transaction. Raises as iteration does."""
        return self._iterate(Reader.take_transaction)

    def confirm(self) -> None:
        """Count all changes as taken that have been handed out, of whole transactions.

        For who leaves the loop at the last change: another iterator over the same named slot begins
        after it. Raises as iteration does.
        """
        with self._lock:
            reader = self._open_reader()
            reader.take_end()
            reader.confirm()

    def close(self) -> None:
        """End it, from any thread; idempotent. An iteration ends, wherever it is.

        A temporary slot is dropped; a named one keeps its place, after what was taken.
        """
        if self._reader is None:
            return
        self._closing.set()
        self._session.session.cancel()
        with self._lock:
            try:
                if not self._session.closed:
                    with contextlib.suppress(EngineError):  # the cluster is closed, most likely
                        self._reader.end()
            finally:
                self._session.close()

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()

    def _open_reader(self) -> Reader:
        if self._reader is None or self.closed:
            raise EngineClosed("the iterator over changes is closed")
        return self._reader

    def _iterate(self, take: Callable[[Reader], Item | None]) -> Iterator[Item]:
        self._open_reader()
        while (item := self._next(take)) is not None:
            yield item

    def _next(self, take: Callable[[Reader], Item | None]) -> Item | None:
        """Wait for what is next; None when the time is over, or it is closed."""
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        pause = 0.0
        while not self.closed:
            try:
                with self._lock:
                    reader = self._open_reader()
                    if (item := take(reader)) is not None:
                        return item
                    if reader.fill():
                        continue
            except PGliteError:
                if self.closed:
                    return None
                raise
            except KeyboardInterrupt:  # which may have cancelled a fetch
                self.close()
                raise
            pause = pause_after(pause)
            left = pause if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return None
            self._closing.wait(min(pause, left))
        return None
