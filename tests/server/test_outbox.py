"""Sending to clients that read slowly, or not at all."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from pglite_native.server.outbox import Outbox, Spool

PART = bytes(range(256)) * 1024
WAIT_S = 20


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(WAIT_S)
    with ours, theirs:
        yield ours, theirs


def receive(client: socket.socket, size: int, pause_s: float = 0) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = client.recv(min(1 << 16, size - len(received)))
        assert part
        received += part
        time.sleep(pause_s)
    return bytes(received)


def test_while_nobody_waits_nothing_is_written_ahead(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    outbox = Outbox(ours, Spool(0), lambda: False, 0)
    thread = threading.Thread(target=outbox.put, args=[PART * 8])
    thread.start()
    time.sleep(0.2)
    assert thread.is_alive()
    assert receive(theirs, 8 * len(PART)) == PART * 8
    thread.join(WAIT_S)


def test_when_others_wait_the_rest_is_spooled(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    spool = Spool(100 * len(PART))
    outbox = Outbox(ours, spool, lambda: True, 0)
    for _ in range(50):
        outbox.put(PART)
    assert not spool.reserve(60 * len(PART))
    thread = threading.Thread(target=outbox.drain)
    thread.start()
    assert receive(theirs, 50 * len(PART)) == PART * 50
    thread.join(WAIT_S)
    assert spool.reserve(100 * len(PART))  # all of it is free again


def test_order_is_kept_while_the_client_reads_now_and_then(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    parts = [bytes([number]) * (1000 * number) for number in range(200)]
    outbox = Outbox(ours, Spool(5 << 20), lambda: time.monotonic_ns() % 3 > 0, WAIT_S)

    def run() -> None:
        for part in parts:
            outbox.put(part)
        outbox.drain()

    thread = threading.Thread(target=run)
    thread.start()
    whole = b"".join(parts)
    assert receive(theirs, len(whole), 0.0001) == whole
    thread.join(WAIT_S)


@pytest.mark.parametrize("limit", [0, 3 * len(PART)])
def test_a_full_spool_has_the_backend_wait(
    pair: tuple[socket.socket, socket.socket], limit: int
) -> None:
    ours, theirs = pair
    outbox = Outbox(ours, Spool(limit), lambda: True, WAIT_S)
    thread = threading.Thread(target=outbox.put, args=[PART * 20])
    thread.start()
    time.sleep(0.1)
    assert thread.is_alive()
    received = receive(theirs, 15 * len(PART))
    thread.join(0.5)

    def drain() -> None:
        thread.join()
        outbox.drain()

    rest = threading.Thread(target=drain)
    rest.start()
    assert received + receive(theirs, 5 * len(PART)) == PART * 20
    rest.join(WAIT_S)


def test_a_client_that_takes_nothing_is_given_up_while_others_wait(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    outbox = Outbox(pair[0], Spool(0), lambda: True, 0.2)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="takes nothing"):
        outbox.put(PART * 10)
    assert 0.1 < time.monotonic() - began < WAIT_S


def test_a_client_that_has_gone_is_noticed(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    outbox = Outbox(ours, Spool(1 << 30), lambda: True, None)
    outbox.put(PART * 4)
    threading.Timer(0.1, theirs.close).start()
    with pytest.raises(OSError, match=r"pipe|reset"):
        outbox.drain()
    outbox.close()


def test_what_is_dropped_is_free_again(pair: tuple[socket.socket, socket.socket]) -> None:
    spool = Spool(4 * len(PART))
    outbox = Outbox(pair[0], spool, lambda: True, 0)
    outbox.put(PART * 4)
    outbox.close()
    outbox.close()
    assert spool.reserve(4 * len(PART))


def test_a_full_disk_is_as_a_full_spool(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pwrite(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", pwrite)
    spool = Spool(1 << 20)
    outbox = Outbox(pair[0], spool, lambda: True, 0.1)
    with pytest.raises(TimeoutError):
        outbox.put(PART * 3)
    outbox.close()
    assert spool.reserve(1 << 20)
