"""Where a live database can be reached by a driver: a server before it, from the first look on."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from pglite_native.errors import EngineClosed

if TYPE_CHECKING:
    from pglite_native.engine.engine import Engine
    from pglite_native.server import Server


class PrivateServer:
    """An engine's server on a private Unix socket, made when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: Server | None = None
        self._process = os.getpid()
        self._closed = False

    def server(self, engine: Engine) -> Server:
        """Return the server.

        Raises:
            EngineClosed: the engine is closed.
            OSError: there can be no socket.
        """
        from pglite_native.server import Server  # most engines have none

        with self._lock:
            if self._closed:
                raise EngineClosed("the engine is closed: it has no address")
            if self._server is None:
                self._server = Server(engine, scratch=False)
            return self._server

    def close(self) -> None:
        """End the server, if there is one; in a forked child it is the parent's."""
        if os.getpid() != self._process:
            return
        with self._lock:
            self._closed = True
        if self._server is not None:
            self._server.close()
