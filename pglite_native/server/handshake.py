"""What happens on a socket before a client is let in: encryption, the startup packet, passwords.

Everything a client sends here is limited in size, and all of it together in time.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pglite_native.protocol.wire import HEADER, LENGTH_BYTES
from pglite_native.server import messages, startup, tls
from pglite_native.server.listeners import address_of
from pglite_native.server.messages import Refusal
from pglite_native.server.startup import CancelRequest, Startup

PASSWORD_SIZE_MAX = 65535  # PG_MAX_AUTH_TOKEN_LENGTH


class Gone(Exception):
    """The client has hung up."""


class Handshake:
    """Reads what a client sends before it is let in, until `deadline` on the monotonic clock."""

    def __init__(
        self, client: socket.socket, context: ssl.SSLContext | None, limit_s: float
    ) -> None:
        self.client = client  # becomes an SSLSocket if the client wants one
        self._tls = context
        self._deadline = time.monotonic() + limit_s
        # Since when the client is to say something that it has not said in full; inf: it is not.
        self.waits_since_s = math.inf

    def receive_startup(self) -> Startup | CancelRequest:
        """Answer requests for encryption; return what follows them.

        Raises:
            Refusal: there is no understanding the client, or it is too slow.
            Gone: it has hung up.
        """
        if self._can_encrypt() and self._begins_with_tls():
            self._encrypt_directly()
        asked: set[int] = set()  # each once, as in PostgreSQL
        while True:
            header = self._receive(startup.LENGTH_BYTES)
            size = startup.packet_size(header)
            packet = header + self._receive(size - len(header))
            code = startup.code_of(packet)
            if code == startup.CANCEL_REQUEST:
                return startup.parse_cancel_request(packet)
            if code not in (startup.SSL_REQUEST, startup.GSSENC_REQUEST) or code in asked:
                return startup.parse_startup(packet, address_of(self.client))
            asked.add(code)
            if code == startup.SSL_REQUEST and self._can_encrypt():
                self.client.sendall(b"S")
                # From here on nothing but TLS is read, so nothing sent in the clear gets in.
                self._encrypt()
            else:
                self.client.sendall(b"N")

    def receive_password(self) -> bytes:
        """The payload of a SASL response, which is a message of type p."""
        kind, length = HEADER.unpack(self._receive(HEADER.size))
        if kind != b"p":
            raise Refusal("08P01", f"expected SASL response, got message type {kind[0]}")
        if not LENGTH_BYTES <= length <= PASSWORD_SIZE_MAX:
            raise Refusal("08P01", "invalid message length")
        return self._receive(length - LENGTH_BYTES)

    def ask(self, code: int, payload: bytes) -> bytes:
        """Say what authentication wants; return the client's response."""
        self.client.sendall(messages.authentication(code, payload))
        return self.receive_password()

    @property
    def is_encrypted(self) -> bool:
        return isinstance(self.client, ssl.SSLSocket)

    def _can_encrypt(self) -> bool:
        is_local = self.client.family == socket.AF_UNIX
        return self._tls is not None and not is_local and not self.is_encrypted

    def _begins_with_tls(self) -> bool:
        """Does the client start with TLS, without asking for it? (libpq's sslnegotiation=direct)"""
        self.client.settimeout(self._remaining_s())
        try:
            with self._waiting():
                return self.client.recv(1, socket.MSG_PEEK) == tls.RECORD
        except TimeoutError:
            raise _too_slow() from None

    def _encrypt_directly(self) -> None:
        """As PostgreSQL does, insist on ALPN: a client of another protocol gets no further."""
        client = self._encrypt()
        if client.selected_alpn_protocol() != tls.PROTOCOL:
            raise Refusal(
                "08P01",
                "received direct SSL connection request without ALPN protocol negotiation"
                " extension",
            )

    def _encrypt(self) -> ssl.SSLSocket:
        assert self._tls is not None
        self.client.settimeout(self._remaining_s())
        client = self._tls.wrap_socket(self.client, server_side=True, do_handshake_on_connect=False)
        self.client = client
        with self._waiting():
            client.do_handshake()
        return client

    def _receive(self, size: int) -> bytes:
        received = bytearray()
        with self._waiting():
            while len(received) < size:
                self.client.settimeout(self._remaining_s())
                try:
                    part = self.client.recv(size - len(received))
                except TimeoutError:
                    raise _too_slow() from None
                if not part:
                    raise Gone
                received += part
        return bytes(received)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self.waits_since_s = time.monotonic()
        try:
            yield
        finally:
            self.waits_since_s = math.inf

    def _remaining_s(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise _too_slow()
        return remaining


def _too_slow() -> Refusal:
    return Refusal("57014", "canceling authentication due to timeout")
