"""The connections of a server: how many there are, and their common end."""

from __future__ import annotations

import threading
import time

from pglite_native.server.cluster import Cluster, crashed
from pglite_native.server.connection import TERMINATED, ClientConnection
from pglite_native.server.messages import Refusal
from pglite_native.server.startup import CancelRequest

# Connections that are not let in yet, over and above those that are: room for CancelRequests, and
# a bound on threads.
STARTING_MAX = 64

# After it, who has not ended by being told so is hung up on.
END_PATIENCE_S = 0.5
END_INTERVAL_S = 0.1


class Connections:
    """All connections; `limit` is how many are let in."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._threads: dict[ClientConnection, threading.Thread] = {}
        self._admitted: set[ClientConnection] = set()
        self._is_closing = False

    def start(self, connection: ClientConnection) -> bool:
        """Serve it, in a thread of its own; False if there is no room for one more."""
        thread = threading.Thread(
            target=self._serve, args=(connection,), name="pglite-connection", daemon=True
        )
        with self._lock:
            if self._is_closing or len(self._threads) >= self._limit + STARTING_MAX:
                return False
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left
                return False
            self._threads[connection] = thread
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

    def cancel(self, request: CancelRequest) -> None:
        """Cancel what runs for the connection that has the key."""
        for connection in self._present():
            if connection.cancel_by(request):
                return

    def end_cluster(self, cluster: Cluster) -> None:
        """Have a cluster's connections end, as it has failed or is to be closed (57P02, 57P01)."""
        reason = crashed("Another session has ended it.") if cluster.has_failed else TERMINATED
        for connection in self._present():
            if connection.cluster is cluster:
                connection.stop(reason)

    def close(self) -> None:
        """End all, and let none in any more (57P01)."""
        deadline = time.monotonic() + END_PATIENCE_S
        aborting: set[ClientConnection] = set()
        while True:
            with self._lock:
                self._is_closing = True
                left = dict(self._threads)
            if not left:
                return
            for connection in left.keys() - aborting:
                connection.stop(TERMINATED)
                if time.monotonic() > deadline:
                    aborting.add(connection)
                    threading.Thread(target=connection.abort, daemon=True).start()
            next(iter(left.values())).join(END_INTERVAL_S)

    def _present(self) -> list[ClientConnection]:
        with self._lock:
            return list(self._admitted)

    def _serve(self, connection: ClientConnection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                del self._threads[connection]
                self._admitted.discard(connection)
