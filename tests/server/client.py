"""A client that says exactly what a test wants said, on a socket of its own."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from pglite_native.server import Server
from tests import wire

TIMEOUT_S = 20
PARAMETERS = {"user": "postgres", "database": "postgres"}


class Client:
    """A connection of bytes; usable in a `with`."""

    def __init__(self, server: Server) -> None:
        host, port = server.address
        if host.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(f"{host}/.s.PGSQL.{port}")
        else:
            self.socket = socket.create_connection((host, port))
        self.socket.settimeout(TIMEOUT_S)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> bytes:
        """What the server says until it is ready for a query, asks for something, or hangs up."""
        reply = b""
        while not reply.endswith((b"Z\0\0\0\5I", b"Z\0\0\0\5T", b"Z\0\0\0\5E")):
            part = self.socket.recv(1 << 20)
            if not part:
                break
            reply += part
        return reply

    def receive_exactly(self, size: int) -> bytes:
        return self.socket.recv(size, socket.MSG_WAITALL)

    def log_in(self, parameters: Mapping[str, str] = PARAMETERS, **options: int) -> bytes:
        self.send(wire.startup(parameters, **options))
        return self.receive()

    def query(self, sql: str) -> bytes:
        self.send(wire.query(sql))
        return self.receive()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
