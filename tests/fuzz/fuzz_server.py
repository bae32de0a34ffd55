"""Clients of a server from their first byte on.

Whatever they send, and in whatever pieces, they are answered and let go, and the next is served.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from functools import cache

from pglite_native import Engine
from pglite_native.server import Server
from tests import wire
from tests.fuzz.mutation import main
from tests.server.client import Client

BYTE_BY_BYTE = 1
WITH_PASSWORD = 2
ANSWER = [(b"1",)]


_failures: list[threading.ExceptHookArgs] = []


def _note(failure: threading.ExceptHookArgs) -> None:
    _failures.append(failure)
    threading.__excepthook__(failure)


threading.excepthook = _note


@cache
def server(*, password: bool) -> Server:
    """Shared clusters: one client's harm would be another's."""
    if password:
        return Server(Engine(), host="127.0.0.1", password="secret", authentication_timeout=5)
    return Server(Engine(), authentication_timeout=5)


def check(data: bytes) -> None:
    """The first byte says how; the rest is sent."""
    how, sent = (data[0] if data else 0), data[1:]
    shared = server(password=bool(how & WITH_PASSWORD))
    with Client(shared) as client:
        with contextlib.suppress(OSError):  # as the server has hung up
            if how & BYTE_BY_BYTE:
                for byte in sent:
                    client.send(bytes((byte,)))
            else:
                client.send(sent)
            client.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while client.socket.recv(1 << 16):  # a TimeoutError is a hang
                pass
    assert not _failures, "a thread of the server has failed"
    if not how & WITH_PASSWORD:
        with Client(shared) as client:
            client.log_in()
            assert wire.rows(client.query("SELECT 1")) == ANSWER


if __name__ == "__main__":
    raise SystemExit(main(check))
