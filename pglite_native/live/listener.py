"""A session that listens on a channel, and what it hears on a socket, as soon as it is said."""

from __future__ import annotations

import socket
import threading

from pglite_native.database.quoting import identifier
from pglite_native.engine.session import Session
from pglite_native.protocol import wire

RECEIVE_BYTES = 64 * 1024

_NO_TIMEOUT = "set idle_session_timeout = 0; "


class Listener:
    """A session that is served as a server's client is: C pushes what it has to say.

    No one asks: who waits, waits for the socket.
    """

    def __init__(self, session: Session, channel: str) -> None:
        """Take over an idle session."""
        self._session = session
        self._splitter = wire.Splitter()
        session.exec_protocol_raw(wire.query(f"{_NO_TIMEOUT}listen {identifier(channel)}"))
        self._served, self._socket = socket.socketpair()
        self._socket.setblocking(False)
        self._thread = threading.Thread(target=self._serve, name="pglite-listen", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """The descriptor that is readable when there is something to receive."""
        return self._socket.fileno()

    def receive(self) -> list[str] | None:
        """Return the payloads that have come; None when the session has ended."""
        heard: list[str] = []
        while True:
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                return heard
            except OSError:
                return None
            if not data:
                return None
            for kind, payload in self._splitter.feed(data):
                if kind == "A":
                    heard.append(wire.notification(payload)[2])

    def close(self) -> None:
        """End the session; idempotent."""
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        buffer = bytearray(RECEIVE_BYTES)
        try:
            while self._session._serve(self._served.fileno(), buffer) is not None:
                pass
        except Exception:  # the cluster has failed: who reads the socket sees that it is over
            pass
        finally:
            self._served.close()
            self._session.close()
