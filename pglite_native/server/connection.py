"""One client: let in, served, seen off. Each has a thread, which blocks where it waits.

Threads and not an event loop: the engine's calls block, and a request that has to be handed to a
thread and back pays for it more than it pays for all the rest of the server.
"""

from __future__ import annotations

import logging
import secrets
import socket
import ssl
import threading
import time
from contextlib import suppress
from hmac import compare_digest
from typing import Protocol

from pglite_native.engine import forking
from pglite_native.engine.session import Session
from pglite_native.errors import EngineClosed, EngineError, EngineMemoryError
from pglite_native.protocol import wire
from pglite_native.server import messages, timeouts
from pglite_native.server.authentication import Authentication, LoginFailed
from pglite_native.server.cluster import Cluster, Seat, crashed
from pglite_native.server.cluster_choice import Clusters
from pglite_native.server.decryption import decrypted
from pglite_native.server.handshake import Gone, Handshake
from pglite_native.server.messages import Refusal
from pglite_native.server.startup import CancelRequest, Startup

RECEIVE_BYTES = 64 * 1024  # at a time, from a client

_log = logging.getLogger("pglite_native.server")
_log.addHandler(logging.NullHandler())  # prints nothing where a program sets up no logging


def terminated() -> Refusal:
    """What a connection is told that is ended. An exception of its own: one that is raised keeps
    the frames that it came through, with all that they have.
    """
    return Refusal("57P01", "terminating connection due to administrator command")


class Others(Protocol):
    """What a connection asks of the others' register."""

    def admit(self, connection: ClientConnection) -> None:
        """Let it in, or raise a Refusal."""

    def cancel(self, request: CancelRequest) -> None:
        """Cancel what runs for the connection that has the key."""

    def end_cluster(self, cluster: Cluster) -> None:
        """End the connections of a cluster that has failed."""


class ClientConnection:
    """One client's connection."""

    def __init__(
        self,
        client: socket.socket,
        *,
        clusters: Clusters,
        others: Others,
        authentication: Authentication,
        tls: ssl.SSLContext | None,
        startup_limit_s: float,
        refusal: Refusal | None = None,
    ) -> None:
        self._clusters = clusters
        self._others = others
        self._authentication = authentication
        self._handshake = Handshake(client, tls, startup_limit_s)
        self._refusal = refusal  # what the client is told whatever it says
        self._seat: Seat | None = None
        self._process = 0
        self._secret = b""
        self._ending: Refusal | None = None  # what the client is told when it is ended
        self._has_to_leave = threading.Event()
        forking.register(self)

    def _after_fork(self) -> None:
        """See forking. The client is to see the parent's end, whatever becomes of the child."""
        self._handshake.client.close()

    @property
    def cluster(self) -> Cluster | None:
        """Where it has its session, while it has one."""
        seat = self._seat
        return None if seat is None else seat.cluster

    @property
    def waits_since_s(self) -> float:
        """Since when, on the monotonic clock, it waits for what the client is to say first."""
        return self._handshake.waits_since_s

    def serve(self) -> None:
        """Do everything there is to do for the client, and hang up."""
        try:
            try:
                self._serve()
            except (Refusal, EngineError) as error:
                self._refuse(self._ending or _refusal_of(error))
        except (Gone, OSError):
            pass  # the client has gone
        finally:
            self._hang_up()

    def cancel_by(self, request: CancelRequest) -> bool:
        """Cancel what runs here, if the request has the key to it."""
        seat = self._seat
        if seat is None or self._process != request.process:
            return False
        if not compare_digest(self._secret, request.secret):
            return False
        seat.session.cancel()
        return True

    def stop(self, reason: Refusal) -> None:
        """Have the connection end, and the client told; from any thread, any number of times."""
        self._ending = self._ending or reason
        self._has_to_leave.set()
        seat = self._seat
        if seat is not None:
            seat.session.cancel()
        self._shut(socket.SHUT_RD)  # ends a recv

    def turn_away(self) -> None:
        """Have one end that has not been let in; from any thread, any number of times."""
        self._has_to_leave.set()
        self._shut(socket.SHUT_RDWR)

    def abort(self) -> None:
        """End it in spite of a client that does not read, or a statement that takes no cancel.

        The client is told why, unless it does not read. One without a session is ended by being
        told so, in timeouts.LINGER_S at most.
        """
        seat = self._seat
        if seat is not None:
            with suppress(EngineError):
                seat.session.close()

    def _serve(self) -> None:
        if self._refusal is not None:
            raise self._refusal
        request = self._handshake.receive_startup()
        if isinstance(request, CancelRequest):
            self._others.cancel(request)
            return
        if request.is_negotiated:
            self._handshake.client.sendall(
                messages.negotiate_protocol_version(request.version, request.unknown_options)
            )
        self._authenticate(request)
        self._others.admit(self)
        with self._clusters.seat(request) as seat:
            try:
                self._serve_session(request, seat)
            finally:
                self._seat = None
        if self._ending is not None:
            raise self._ending

    def _authenticate(self, request: Startup) -> None:
        try:
            self._authentication.admit(
                self._handshake, request.user, lambda: self._clusters.password_of(request)
            )
        except LoginFailed:
            _log.warning("a login has failed, of %r", request.user)  # who may be of many lines
            self._has_to_leave.wait(timeouts.FAILED_LOGIN_DELAY_S)
            raise

    def _serve_session(self, request: Startup, seat: Seat) -> None:
        welcome = self._with_own_key(seat.welcome, request.secret_size)
        self._seat = seat
        with decrypted(self._handshake.client) as client:
            client.sendall(welcome)
            try:
                self._converse(seat.session, client)
            except (EngineClosed, EngineMemoryError):
                raise
            except EngineError as error:
                seat.cluster.has_failed = True
                self._others.end_cluster(seat.cluster)
                _log.critical("a session has failed, and with it its cluster: %s", error)
                raise crashed() from error

    def _converse(self, session: Session, client: socket.socket) -> None:
        """Let C carry bytes both ways, without the GIL, until one side ends it."""
        buffer = bytearray(RECEIVE_BYTES)
        while self._ending is None:
            if session._serve(client.fileno(), buffer) is None:
                return

    def _with_own_key(self, welcome: bytes, size: int) -> bytes:
        """Put a secret of the server's in place of the engine's, which is no secret."""
        parts = []
        for kind, payload in wire.Splitter().feed(welcome):
            if kind == "K":
                self._process = int.from_bytes(payload[:4], "big")
                self._secret = secrets.token_bytes(size)
                parts.append(messages.backend_key_data(self._process, self._secret))
            else:
                parts.append(wire.message(kind.encode(), payload))
        return b"".join(parts)

    def _refuse(self, refusal: Refusal) -> None:
        """Tell the client, and give it a moment to read.

        Input that has not been read would make the system reset the connection, and drop what was
        said.
        """
        client = self._handshake.client
        linger_s = timeouts.LINGER_S if self._refusal is None else timeouts.LINGER_WITH_LAST_S
        client.settimeout(linger_s)
        client.sendall(refusal.encode())
        self._shut(socket.SHUT_WR)
        deadline = time.monotonic() + linger_s
        while client.recv(RECEIVE_BYTES) and time.monotonic() < deadline:
            if self._refusal is not None:
                break  # it has seen that there is one to be read

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
    if isinstance(error, EngineClosed):
        return terminated()
    if isinstance(error, EngineMemoryError):
        return Refusal("53200", "out of memory", detail=str(error))
    # Why may have words of other connections in it.
    _log.error("a connection cannot be served: %s", error)
    return Refusal("XX000", "the database engine cannot serve the connection")
