"""Shared mode: clients that read slowly, and what others have of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

ROWS = 50_000
SLACK_BYTES = 48 << 20
WIDE = f"SELECT repeat('x', 1000) FROM generate_series(1, {ROWS})"
ENDLESS = "SELECT repeat('x', 1000), generate_series(1, 1000000000)"
PROMPTLY_S = 10


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(shared=True) as server:
        yield server


def test_who_reads_slowly_keeps_nobody_waiting(server: Server) -> None:
    with Client(server) as slow, psycopg.connect(server.dsn, autocommit=True) as other:
        slow.log_in()
        before = resident_bytes()
        slow.send(wire.query(WIDE))
        slow.receive_exactly(1000)
        began = time.monotonic()
        for _ in range(10):
            assert other.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - began < PROMPTLY_S
        assert resident_bytes() - before < SLACK_BYTES
        assert receive_to_end(slow) > ROWS * 1000
        assert resident_bytes() - before < SLACK_BYTES
        assert wire.rows(slow.query("SELECT 2")) == [(b"2",)]


def test_rows_can_be_fetched_with_a_query_for_each(server: Server) -> None:
    """What would be a deadlock if the first client's reply kept the backend."""
    with (
        psycopg.connect(server.dsn, autocommit=True) as one,
        psycopg.connect(server.dsn, autocommit=True) as other,
    ):
        with one.cursor() as cursor:
            for number, (text,) in enumerate(cursor.stream(WIDE)):
                if number % 5000 == 0:
                    assert other.execute("SELECT length(%s)", [text]).fetchone() == (1000,)
        assert number == ROWS - 1


def receive_to_end(client: Client) -> int:
    """Bytes until the connection ends, or is ready for a query."""
    size, tail = 0, b""
    while not tail.endswith(b"Z\0\0\0\5I"):
        part = client.socket.recv(1 << 20)
        if not part:
            return size
        size, tail = size + len(part), (tail + part)[-6:]
    return size


def test_a_client_that_takes_nothing_is_given_up_when_the_spool_is_full() -> None:
    with (
        Server(shared=True, turn_timeout=1, spool_limit=1 << 20) as server,
        Client(server) as deaf,
        Client(server) as other,
    ):
        deaf.log_in()
        other.log_in()
        before = resident_bytes()
        deaf.send(wire.query(ENDLESS))
        time.sleep(0.3)
        began = time.monotonic()
        while wire.sqlstates(other.query("SELECT 1")) == ["55P03"]:
            assert time.monotonic() - began < PROMPTLY_S
        assert resident_bytes() - before < SLACK_BYTES
        assert receive_to_end(deaf) < 10 << 20


def test_while_nobody_waits_a_slow_reader_is_waited_for() -> None:
    with Server(shared=True, turn_timeout=0.1, spool_limit=0) as server, Client(server) as client:
        client.log_in()
        client.send(wire.query(WIDE))
        time.sleep(0.5)
        assert receive_to_end(client) > ROWS * 1000


def test_hanging_up_on_a_spooled_reply_leaves_nothing(server: Server) -> None:
    with Client(server) as other:
        other.log_in()
        for _ in range(5):
            with Client(server) as slow:
                slow.log_in()
                slow.send(wire.query(WIDE))
                slow.receive_exactly(1000)
                assert wire.rows(other.query("SELECT 1")) == [(b"1",)]
        assert wire.rows(other.query("SELECT 1")) == [(b"1",)]
