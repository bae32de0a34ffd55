"""Clients that read slowly, and what others of their cluster have of it: nothing."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import trustme

from pglite_native import Engine
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
    with Engine() as engine, Server(engine) as server:
        yield server


def receive_to_end(client: Client) -> int:
    """Bytes until the connection is ready for a query."""
    size, tail = 0, b""
    while not tail.endswith(b"Z\0\0\0\5I"):
        part = client.socket.recv(1 << 20)
        assert part
        size, tail = size + len(part), (tail + part)[-6:]
    return size


def test_who_reads_slowly_keeps_nobody_waiting(server: Server) -> None:
    with Client(server) as slow, psycopg.connect(server.dsn, autocommit=True) as other:
        slow.log_in()
        other.execute("SELECT 1")
        before = resident_bytes()
        slow.send(wire.query(WIDE))
        slow.receive_exactly(1000)
        began = time.monotonic()
        for _ in range(10):
            assert other.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - began < PROMPTLY_S
        assert receive_to_end(slow) > ROWS * 1000
        assert resident_bytes() - before < SLACK_BYTES
        assert wire.rows(slow.query("SELECT 2")) == [(b"2",)]


def test_many_that_take_nothing_cost_no_more_by_and_by(server: Server) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(psycopg.connect(server.dsn, autocommit=True))
        for _ in range(20):
            deaf = stack.enter_context(Client(server))
            deaf.log_in()
            deaf.send(wire.query(ENDLESS))
        time.sleep(0.5)
        before = resident_bytes()
        for _ in range(10):
            assert other.execute("SELECT 1").fetchone() == (1,)
            time.sleep(0.1)
        assert resident_bytes() - before < SLACK_BYTES


def test_rows_can_be_fetched_with_a_query_for_each(server: Server) -> None:
    with (
        psycopg.connect(server.dsn, autocommit=True) as one,
        psycopg.connect(server.dsn, autocommit=True) as other,
    ):
        with one.cursor() as cursor:
            for number, (text,) in enumerate(cursor.stream(WIDE)):
                if number % 5000 == 0:
                    assert other.execute("SELECT length(%s)", [text]).fetchone() == (1000,)
        assert number == ROWS - 1


@pytest.fixture
def tls_server() -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with (
        Engine() as engine,
        Server(engine, host="127.0.0.1", trust=True, tls=context) as server,
    ):
        yield server


def connect_by_tls(server: Server) -> psycopg.Connection[tuple[object, ...]]:
    connection = psycopg.connect(server.dsn, sslmode="require", autocommit=True)
    assert connection.pgconn.ssl_in_use
    return connection


def test_large_messages_both_ways_by_tls(tls_server: Server) -> None:
    with connect_by_tls(tls_server) as one, connect_by_tls(tls_server) as other:
        with one.cursor() as cursor:
            count = 0
            for (text,) in cursor.stream(WIDE):
                count += len(str(text))
                if count % 10_000_000 == 0:
                    assert other.execute("SELECT length(%s)", [text]).fetchone() == (1000,)
            assert count == ROWS * 1000
        assert other.execute("SELECT %s", ["y" * 10**7]).fetchone() == ("y" * 10**7,)


def test_an_idle_listener_hears_by_tls(tls_server: Server) -> None:
    with connect_by_tls(tls_server) as one, connect_by_tls(tls_server) as other:
        one.execute("LISTEN news")
        other.execute("NOTIFY news, 'x'")
        (heard,) = one.notifies(timeout=5, stop_after=1)
        assert heard.payload == "x"


def test_hanging_up_in_the_middle_of_a_reply_leaves_nothing(server: Server) -> None:
    with Client(server) as other:
        other.log_in()
        for _ in range(5):
            with Client(server) as slow:
                slow.log_in()
                slow.send(wire.query(ENDLESS))
                slow.receive_exactly(1000)
        deadline = time.monotonic() + PROMPTLY_S
        query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        while int(wire.rows(other.query(query))[0][0] or 0) > 2:  # the engine's own and this one
            assert time.monotonic() < deadline
