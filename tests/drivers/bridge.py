"""A socket in front of an engine, so that drivers, which know only sockets, can talk to it.

One connection at a time, for as long as the client stays; the next finds the same database. The
engine reads the startup packet itself. The bridge answers what never reaches a backend: requests
for encryption (refused) and CancelRequest, which comes on a connection of its own. It keeps
Terminate back, which would end the engine's session, where a server ends one process of many.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pglite_native import Engine
from tests import wire

PORT = 5432  # only names the socket file
GSS_REQUEST_CODE = 1234 << 16 | 5680
ENCRYPTION_REQUESTS = {wire.SSL_REQUEST_CODE, GSS_REQUEST_CODE}
RECEIVE_BYTES = 1 << 16


@contextmanager
def listening(engine: Engine) -> Iterator[Path]:
    """The directory of a Unix socket at which the engine answers (libpq's `host`)."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(directory, f".s.PGSQL.{PORT}"))
        listener.listen()
        lock = threading.Lock()  # one session: its clients take turns
        threads: list[threading.Thread] = []

        def start(target: Callable[..., None], *arguments: object) -> None:
            threads.append(threading.Thread(target=target, args=arguments))
            threads[-1].start()

        def accept() -> None:
            with suppress(OSError):  # the listener's end
                while True:
                    client, _ = listener.accept()
                    start(_serve, engine, client, lock)

        start(accept)
        try:
            yield Path(directory)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:  # grows until the first of them, accept, has ended
                thread.join()


def _serve(engine: Engine, client: socket.socket, lock: threading.Lock) -> None:
    with client, suppress(ConnectionError):
        packet = _untyped_packet(client)
        while _code(packet) in ENCRYPTION_REQUESTS:
            client.sendall(b"N")
            packet = _untyped_packet(client)
        if _code(packet) == wire.CANCEL_REQUEST_CODE:
            engine.cancel()
        elif packet:
            with lock:
                _converse(engine, client, packet)
                engine.exec_protocol_raw(wire.query("ROLLBACK") + wire.query("DISCARD ALL"))


def _converse(engine: Engine, client: socket.socket, data: bytes) -> None:
    splitter = wire.Splitter()
    while data:
        for part in engine.exec_protocol_stream(data):
            client.sendall(part)
        received = client.recv(RECEIVE_BYTES)
        messages = list(splitter.feed(received))
        data = b"".join(item.encode() for item in messages if item.kind != "X")
        if not received or any(item.kind == "X" for item in messages):
            return


def _untyped_packet(client: socket.socket) -> bytes:
    header = client.recv(4, socket.MSG_WAITALL)
    if len(header) < 4:
        return b""
    (length,) = struct.unpack("!i", header)
    return header + client.recv(length - 4, socket.MSG_WAITALL)


def _code(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")
