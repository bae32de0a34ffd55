"""Clients that hang up while their statement runs: the connection's thread, busy, does not see it.

PostgreSQL by default goes on to the statement's end, for nobody. Here a backend costs more than a
process does there, so the statement is cancelled. What tells is EPOLLHUP, a socket closed in both
directions: on a Unix socket that is a client that is gone, killed say, but not one that has only
closed its own direction and waits for the answer. On TCP it shows when something is sent.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A cancel that comes too early, or between two statements, is repeated.
INTERVAL_S = 0.1


class Watcher:
    """One thread for all connections."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[int, Callable[[], None]] = {}  # by descriptor
        self._epoll = select.epoll()
        self._end, self._other_end = socket.socketpair()
        self._epoll.register(self._other_end, 0)  # hang-ups are told unasked
        self._thread = threading.Thread(target=self._run, name="pglite-watcher", daemon=True)
        self._thread.start()

    @contextmanager
    def watching(self, client: socket.socket, hung_up: Callable[[], None]) -> Iterator[None]:
        """Within a `with`: call `hung_up`, perhaps repeatedly, once the client has hung up."""
        descriptor = client.fileno()
        with self._lock:
            self._calls[descriptor] = hung_up
            self._epoll.register(descriptor, 0)
        try:
            yield
        finally:
            with self._lock:
                self._epoll.unregister(descriptor)
                del self._calls[descriptor]

    def close(self) -> None:
        """End the thread; nobody is watched any more."""
        self._end.close()
        self._thread.join()
        self._other_end.close()
        self._epoll.close()

    def _run(self) -> None:
        while True:
            for descriptor, _ in self._epoll.poll():
                if descriptor == self._other_end.fileno():
                    return
                with self._lock:
                    call = self._calls.get(descriptor)
                    if call is not None:
                        call()
            time.sleep(INTERVAL_S)
