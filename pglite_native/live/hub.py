"""What the live queries of a database share: two sessions, a thread, and triggers.

Theory of operation: one session of the hub's runs the queries, the other listens. A commit to one
of their tables fires a trigger, which notifies the listener; C pushes that to a socket, for which
the thread waits. Everything that uses the first session runs in the thread, callbacks too, one
after the other, so nothing here needs a lock but the list of what is to be run.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from pglite_native import _rows, logs
from pglite_native.database.pglite import PGlite
from pglite_native.errors import EngineClosed, EngineError, PGliteError
from pglite_native.live.listener import Listener
from pglite_native.live.tables import Triggers

if TYPE_CHECKING:
    from pglite_native.live.query import Live

Value = TypeVar("Value")

RETRY_SECONDS = 1.0
"""Until another attempt to drop the triggers on tables that were locked."""

# What the database's session has set for itself counts for its live queries.
SET = """
select name, setting from pg_catalog.pg_settings where source = 'session'
union all select 'role', pg_catalog.current_setting('role')"""
OWN = """
set idle_session_timeout = 0; set transaction_timeout = 0;
set default_transaction_read_only = on"""

ENDED = "the live query has ended, as the database is closed"

CLOSE_SECONDS = 5.0
"""How long closing a database waits for a callback that is running."""


class Hub:
    """Begins with a database's first live query, and ends with its last."""

    def __init__(self, db: PGlite) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._users = 0
        self._ending = False
        self._closing = False
        self._called: Future[Any] | None = None
        self._calls: deque[Callable[[], None]] = deque()
        self.queries: list[Live[Any, Any]] = []
        with contextlib.ExitStack() as undone:
            self._wake, self._waking = socket.socketpair()
            undone.enter_context(self._wake)
            undone.enter_context(self._waking)
            self._wake.setblocking(False)
            self.session = undone.enter_context(db._beside())
            self._begin(db)
            undone.callback(self._listener.close)
            self._thread = threading.Thread(target=self._run, name="pglite-live", daemon=True)
            self._thread.start()
            undone.pop_all()

    def _begin(self, db: PGlite) -> None:
        settings = db._conversation.text.run(SET).rows([_rows.TEXT] * 2)
        conversation = self.session._conversation
        text = conversation.text
        for setting in settings:
            sql = "select pg_catalog.set_config($1, $2, false)"
            text.prepare(sql)
            text.execute(sql, setting)
        text.simple(OWN)
        self.triggers = Triggers(text)
        # The database's converters, also those that it gets later.
        conversation.types.parsers = db.parsers
        conversation.types.serializers = db.serializers
        self._listener = Listener(db.session.open_session(), self.triggers.name)

    @property
    def is_foreign(self) -> bool:
        """Whether it is a parent's of this process, which has not got the thread."""
        return os.getpid() != self._process

    def enter(self) -> bool:
        """Count one more user, who leaves; False when it is ending."""
        with self._lock:
            self._users += not self._ending
            return not self._ending

    def leave(self) -> None:
        """End the hub, if this was its last user; its sessions have ended then."""
        with self._lock:
            self._users -= 1
            self._ending = self._ending or not self._users
        if self._ending:
            self._stop()

    def close(self) -> None:
        """End all live queries, as the database is closed; idempotent."""
        if self.is_foreign:
            return
        with self._lock:
            self._ending = True
        self._closing = True
        self.session.session.cancel()
        self._stop()

    def call(self, function: Callable[[], Value]) -> Value:
        """Run a function in the thread, and wait for its end; interrupted, cancel its statement.

        Raises:
            EngineClosed: the database is closed, or its cluster.
        """
        if self.is_foreign:
            raise EngineError("the engine belongs to the parent process")
        if threading.current_thread() is self._thread:
            return function()
        future: Future[Value] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            self._called = future
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)
            finally:
                self._called = None

        self._calls.append(run)
        self._wake_up()
        try:
            while not wait([future], RETRY_SECONDS).done:
                if not self._thread.is_alive():
                    raise EngineClosed(ENDED)
        except BaseException:
            if not future.cancel() and self._called is future:
                self.session.session.cancel()
            raise
        return future.result()

    def cancel(self) -> None:
        """Cancel what was called; from any thread."""
        if self._called is not None:
            self.session.session.cancel()

    def _wake_up(self) -> None:
        with contextlib.suppress(OSError):  # the thread has ended
            self._waking.send(b"\0", socket.MSG_DONTWAIT)

    def _stop(self) -> None:
        self._wake_up()
        # Where tables are locked, it ends when the triggers are dropped.
        if threading.current_thread() is not self._thread and (
            self._closing or not self.triggers.are_left
        ):
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                for watched in (self._wake, self._listener):
                    selector.register(watched, selectors.EVENT_READ)
                while not self._is_over():
                    selector.select(RETRY_SECONDS if self.triggers.are_left else None)
                    if not self._look():
                        break
        except Exception:
            logs.logger().exception("the live queries of a database have failed")
        finally:
            self._end()

    def _is_over(self) -> bool:
        if self._closing:
            return True
        return self._ending and not self.triggers.are_left and not self._calls

    def _look(self) -> bool:
        """Do what there is to do; False when the cluster has ended."""
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(4096):
                pass
        heard = self._listener.receive()
        if heard is None:
            return False
        changed = set(map(int, heard))
        for query in list(self.queries):
            if query._tables & changed:
                query._rerun()
        while self._calls:
            self._calls.popleft()()
        if self.triggers.are_left:
            self.triggers.drop_left()
        return True

    def _end(self) -> None:
        with self._lock:
            self._ending = True
        with contextlib.suppress(PGliteError):
            for query in list(self.queries):
                self.triggers.remove(query._tables)
        for query in list(self.queries):
            query._end(ENDED)
        self.queries.clear()
        self._listener.close()
        self.session.close()
        self._wake.close()
        self._waking.close()
        while self._calls:
            self._calls.popleft()()


def hub_of(db: PGlite) -> Hub:
    """Return a database's hub, with one user more."""
    with db._conversation.lock:
        hub = db._hub
        if hub is not None and hub.is_foreign:
            raise EngineError("the engine belongs to the parent process")
        if hub is None or not hub.enter():
            hub = db._hub = Hub(db)
            hub.enter()
        return hub
