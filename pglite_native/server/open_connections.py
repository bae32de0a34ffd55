"""The connections of a server: how many there are, and their common end."""

from __future__ import annotations

import signal
import threading
import time

from pglite_native.server import timeouts
from pglite_native.server.cluster import Cluster, crashed
from pglite_native.server.connection import ClientConnection, terminated
from pglite_native.server.messages import Refusal
from pglite_native.server.startup import CancelRequest

# Connections that are not let in yet, over and above those that are: room for CancelRequests, and
# a bound on threads and descriptors. When there are more, those that come wait in the listener's
# queue, and who has kept the server waiting for longest has to leave: so clients that say nothing
# keep those out that do for seconds at most.
STARTING_MAX = 256


class Connections:
    """All connections; `limit` is how many are let in."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Condition()  # notified when one has been let in, or has left
        self._threads: dict[ClientConnection, threading.Thread] = {}
        self._starting: set[ClientConnection] = set()
        self._admitted: set[ClientConnection] = set()
        self._is_closing = False

    def start(self, connection: ClientConnection) -> bool:
        """Serve it, in a thread of its own, as soon as there is room for one more.

        Return False if the server is closing, or the system has no thread left.
        """
        thread = threading.Thread(
            target=self._serve, args=(connection,), name="pglite-connection", daemon=True
        )
        with self._lock:
            while len(self._starting) >= STARTING_MAX and not self._is_closing:
                self._hurry()
                self._lock.wait(timeouts.STARTING_INTERVAL_S)
            if self._is_closing:
                return False
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left
                return False
            self._threads[connection] = thread
            self._starting.add(connection)
        return True

    def admit(self, connection: ClientConnection) -> None:
        """Let it in.

        Raises:
            Refusal: there are too many, or the server is closing.
        """
        with self._lock:
            if self._is_closing:
                raise Refusal("57P03", "the database system is shutting down")
            if len(self._admitted) >= self._limit:
                raise Refusal("53300", "sorry, too many clients already")
            self._admitted.add(connection)
            self._starting.remove(connection)
            self._lock.notify_all()

    def cancel(self, request: CancelRequest) -> None:
        """Cancel what runs for the connection that has the key."""
        for connection in self._present():
            if connection.cancel_by(request):
                return

    def end_cluster(self, cluster: Cluster) -> None:
        """Have a cluster's connections end, as it has failed or is to be closed (57P02, 57P01)."""
        reason = crashed if cluster.has_failed else terminated
        for connection in self._present():
            if connection.cluster is cluster:
                connection.stop(reason())

    def shut(self) -> None:
        """Let none in any more."""
        with self._lock:
            self._is_closing = True
            self._lock.notify_all()

    def close(self) -> None:
        """End all (57P01)."""
        self.shut()
        deadline = time.monotonic() + timeouts.END_PATIENCE_S
        aborting: set[ClientConnection] = set()
        while True:
            with self._lock:
                left = dict(self._threads)
            if not left:
                return
            for connection in left.keys() - aborting:
                connection.stop(terminated())
                if time.monotonic() > deadline:
                    aborting.add(connection)
                    threading.Thread(target=connection.abort, daemon=True).start()
            next(iter(left.values())).join(timeouts.END_INTERVAL_S)

    def _hurry(self) -> None:
        """Hang up on who has kept the server waiting for longest, if that is too long."""
        slowest = min(self._starting, key=lambda connection: connection.waits_since_s)
        if slowest.waits_since_s < time.monotonic() - timeouts.STARTING_PATIENCE_S:
            slowest.turn_away()

    def _present(self) -> list[ClientConnection]:
        with self._lock:
            return list(self._admitted)

    def _serve(self, connection: ClientConnection) -> None:
        # Else a client that hangs up ends a process that has SIGPIPE's default again, as many have.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        try:
            connection.serve()
        finally:
            with self._lock:
                del self._threads[connection]
                self._starting.discard(connection)
                self._admitted.discard(connection)
                self._lock.notify_all()
