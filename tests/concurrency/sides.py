"""The two sides that a script is played on: a cluster of ours, and a native server.

Both are asked in bytes of the wire protocol, and both through the same few methods, so that what
a test says of one holds for the other.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Protocol

from pglite_native import Engine, EngineClosed, Session
from tests import wire
from tests.oracle.native import NativeServer

RECEIVE_BYTES = 1 << 16


class Connection(Protocol):
    """A session of either side. `ask` and `listen` are for one thread at a time."""

    def ask(self, sql: str) -> bytes:
        """Everything that is answered to a query, up to ReadyForQuery or the session's end."""

    def listen(self, seconds: float) -> bytes:
        """What has come for the idle session; waits for it for about `seconds`."""

    def cancel(self) -> None: ...

    def close(self) -> None:
        """As a client that goes away, whatever the session is doing."""


class Side(Protocol):
    name: str

    def connect(self) -> Connection: ...


class OurConnection:
    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, sql: str) -> bytes:
        return self._session.exec_protocol_raw(wire.query(sql))

    def listen(self, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        while True:
            said = self._session.exec_protocol_raw(b"")
            if said or time.monotonic() > deadline:
                return said
            time.sleep(0.002)

    def cancel(self) -> None:
        self._session.cancel()

    def close(self) -> None:
        self._session.close()


class Ours:
    name = "ours"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def connect(self) -> OurConnection:
        return OurConnection(self._engine.open_session())


class NativeConnection:
    def __init__(self, server: NativeServer) -> None:
        self._path = str(server.socket_path)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(self._path)
        self._splitter = wire.Splitter()
        self._key = b""
        greeting = self._exchange(wire.startup({"user": "postgres", "database": "postgres"}))
        for item in wire.split(greeting):
            if item.kind == "K":
                self._key = item.payload

    def ask(self, sql: str) -> bytes:
        return self._exchange(wire.query(sql))

    def listen(self, seconds: float) -> bytes:
        self._socket.settimeout(seconds)
        try:
            return self._receive()
        except TimeoutError:
            return b""
        finally:
            self._socket.settimeout(None)

    def cancel(self) -> None:
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(self._path)
            code = wire.CANCEL_REQUEST_CODE.to_bytes(4, "big")
            other.sendall((8 + len(self._key)).to_bytes(4, "big") + code + self._key)
            other.recv(1)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # ends a recv of another thread too
        self._socket.close()

    def _exchange(self, data: bytes) -> bytes:
        try:
            self._socket.sendall(data)
        except OSError as gone:
            raise EngineClosed("closed by the server") from gone
        answer = bytearray()
        while True:
            received = self._receive()
            answer += received
            kinds = [item.kind for item in self._splitter.feed(received)]
            if not answer:
                raise EngineClosed("closed by the server")
            if "Z" in kinds or not received:
                return bytes(answer)

    def _receive(self) -> bytes:
        try:
            received = self._socket.recv(RECEIVE_BYTES)
        except ConnectionError:
            received = b""
        return received


class Native:
    name = "native"

    def __init__(self, server: NativeServer) -> None:
        self._server = server

    def connect(self) -> NativeConnection:
        return NativeConnection(self._server)
