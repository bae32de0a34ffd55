"""One client: let in, served, seen off. Each has a thread, which blocks where it waits.

Threads and not an event loop: the engine's calls block, and a request that has to be handed to a
thread and back pays for it more than it pays for all the rest of the server.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from hmac import compare_digest

from pglite_native import _wire
from pglite_native.errors import EngineError, EngineMemoryError
from pglite_native.server import messages
from pglite_native.server.authentication import Authentication
from pglite_native.server.handshake import Gone, Handshake
from pglite_native.server.lease import RECEIVE_BYTES, Databases, Lease
from pglite_native.server.messages import Refusal
from pglite_native.server.startup import CancelRequest, Startup
from pglite_native.server.watcher import Watcher

LINGER_S = 1.0


class Connection:
    """One client's connection."""

    def __init__(
        self,
        client: socket.socket,
        *,
        databases: Databases,
        watcher: Watcher,
        authentication: Authentication,
        tls: ssl.SSLContext | None,
        startup_limit_s: float,
        admit: Callable[[Connection], None],
        cancel: Callable[[CancelRequest], None],
    ) -> None:
        self._client = client
        self._databases = databases
        self._watcher = watcher
        self._authentication = authentication
        self._handshake = Handshake(client, tls, startup_limit_s)
        self._admit = admit
        self._cancel = cancel
        self.database: str | None = None  # what it asked for, once it has
        self._lease: Lease | None = None
        self._process = 0
        self._secret = b""
        self._is_stopping = False

    def serve(self) -> None:
        """Do everything there is to do for the client, and hang up."""
        try:
            try:
                self._serve()
            except (Refusal, EngineError) as error:
                self._refuse(_refusal_of(error))
        except (Gone, OSError):
            pass  # the client has gone: there is nobody to tell
        finally:
            self._hang_up()

    def cancel_by(self, request: CancelRequest) -> bool:
        """Cancel what runs here, if the request has the key to it."""
        lease = self._lease
        if lease is None or self._process != request.process:
            return False
        if not compare_digest(self._secret, request.secret):
            return False
        lease.cancel()
        return True

    def stop(self) -> None:
        """Have the connection end, and the client told; from any thread, any number of times."""
        self._is_stopping = True
        lease = self._lease
        if lease is not None:
            lease.cancel()
        self._shut(socket.SHUT_RD)  # ends a recv

    def abort(self) -> None:
        """Hang up on a client that does not even read."""
        self._shut(socket.SHUT_RDWR)

    def _serve(self) -> None:
        request = self._handshake.receive_startup()
        if isinstance(request, CancelRequest):
            self._cancel(request)
            return
        self.database = request.database
        self._admit(self)
        if request.is_negotiated:
            self._handshake.client.sendall(
                messages.negotiate_protocol_version(request.version, request.unknown_options)
            )
        self._authentication.admit(self._handshake, request.user)
        lease, welcome = self._databases.acquire(request)
        try:
            self._serve_session(request, lease, welcome)
        finally:
            self._lease = None
            lease.release()

    def _serve_session(self, request: Startup, lease: Lease, welcome: bytes) -> None:
        client = self._handshake.client
        client.settimeout(None)
        welcome = self._with_own_key(welcome, request.secret_size)
        self._lease = lease
        client.sendall(welcome)
        with self._watcher.watching(client, lease.cancel):
            lease.converse(client, lambda: self._is_stopping)
        if self._is_stopping:
            raise Refusal("57P01", "terminating connection due to administrator command")

    def _with_own_key(self, welcome: bytes, size: int) -> bytes:
        """Put a secret of the server's in place of the engine's, which is no secret."""
        parts = []
        for kind, payload in _wire.Splitter().feed(welcome):
            if kind == "K":
                self._process = int.from_bytes(payload[:4], "big")
                self._secret = secrets.token_bytes(size)
                parts.append(messages.backend_key_data(self._process, self._secret))
            else:
                parts.append(_wire.message(kind.encode(), payload))
        return b"".join(parts)

    def _refuse(self, refusal: Refusal) -> None:
        """Tell the client, and give it a moment to read: what it has sent and nobody has read would
        make the system reset the connection, and drop what was said.
        """
        client = self._handshake.client
        client.settimeout(LINGER_S)
        client.sendall(refusal.encode())
        self._shut(socket.SHUT_WR)
        deadline = time.monotonic() + LINGER_S
        while time.monotonic() < deadline and client.recv(RECEIVE_BYTES):
            pass

    def _hang_up(self) -> None:
        client = self._handshake.client
        with suppress(OSError, ValueError):  # it has gone, or has not got as far as TLS
            if isinstance(client, ssl.SSLSocket):
                client.settimeout(0)  # say so by close_notify, and do not wait for the client's
                client.unwrap()
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        client.close()

    def _shut(self, how: int) -> None:
        # Not that of an SSLSocket, which would change what its own thread is using.
        with suppress(OSError):
            socket.socket.shutdown(self._handshake.client, how)


def _refusal_of(error: Refusal | EngineError) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, EngineMemoryError):
        return Refusal("53200", "out of memory", detail=str(error))
    return Refusal("XX000", "the database engine has failed", detail=str(error))
