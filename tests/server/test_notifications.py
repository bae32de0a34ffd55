"""NOTIFY between the connections of a served engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from pglite_native import Engine
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

Connection = psycopg.Connection[tuple[object, ...]]
Pair = tuple[Connection, Connection]
WAIT_S = 5


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Engine() as engine, Server(engine) as server:
        yield server


def connect(server: Server) -> Connection:
    return psycopg.connect(server.dsn, autocommit=True)


@pytest.fixture
def pair(server: Server) -> Iterator[Pair]:
    with connect(server) as one, connect(server) as other:
        yield one, other


def test_a_listener_hears_with_its_next_statement(pair: Pair) -> None:
    one, other = pair
    one.execute("LISTEN news")
    other.execute("NOTIFY news, 'x'")
    one.execute("SELECT 1")
    (heard,) = one.notifies(timeout=0, stop_after=1)
    assert (heard.payload, heard.pid) == ("x", other.info.backend_pid)


def test_a_listener_in_a_transaction_hears_at_its_end(pair: Pair) -> None:
    one, other = pair
    one.execute("LISTEN news")
    one.execute("BEGIN")
    other.execute("NOTIFY news, 'x'")
    one.execute("SELECT 1")
    assert list(one.notifies(timeout=0.2)) == []
    one.execute("COMMIT")
    (heard,) = one.notifies(timeout=WAIT_S, stop_after=1)
    assert heard.payload == "x"


def test_an_idle_listener_hears_at_once(pair: Pair) -> None:
    one, other = pair
    one.execute("LISTEN news")
    began = time.monotonic()
    other.execute("NOTIFY news, 'extra'")
    (heard,) = one.notifies(timeout=WAIT_S, stop_after=1)
    assert time.monotonic() - began < 2
    assert (heard.channel, heard.payload, heard.pid) == ("news", "extra", other.info.backend_pid)
    one.execute("UNLISTEN *")
    other.execute("NOTIFY news, 'missed'")
    assert list(one.notifies(timeout=0.2)) == []


def test_a_notification_comes_when_its_transaction_commits(pair: Pair) -> None:
    one, other = pair
    one.execute("LISTEN news")
    with other.transaction():
        other.execute("NOTIFY news, 'late'")
        assert list(one.notifies(timeout=0.2)) == []
    (heard,) = one.notifies(timeout=WAIT_S, stop_after=1)
    assert heard.payload == "late"
    with other.transaction():
        other.execute("NOTIFY news, 'never'")
        raise psycopg.Rollback
    assert list(one.notifies(timeout=0.2)) == []


def test_every_listener_hears_and_nobody_else(server: Server) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(10)]
        for connection in connections[::2]:
            connection.execute("LISTEN news")
        connections[0].execute("SELECT pg_notify('news', g::text) FROM generate_series(1, 50) g")
        for connection in connections[::2]:
            heard = [item.payload for item in connection.notifies(timeout=WAIT_S, stop_after=50)]
            assert heard == [str(number) for number in range(1, 51)]
        for connection in connections[1::2]:
            assert list(connection.notifies(timeout=0)) == []


def test_a_listener_that_does_not_read_keeps_nobody_waiting(server: Server) -> None:
    with Client(server) as deaf, connect(server) as speaker:
        deaf.socket.settimeout(WAIT_S)
        deaf.log_in()
        deaf.query("LISTEN news")
        began = time.monotonic()
        for _ in range(100):
            speaker.execute(
                "SELECT pg_notify('news', g || repeat('x', 7000)) FROM generate_series(1, 10) g"
            )
        assert time.monotonic() - began < WAIT_S
        heard = 0
        buffered = b""
        while heard < 1000:
            buffered += deaf.socket.recv(1 << 20)
            splitter = wire.Splitter()
            heard = sum(1 for item in splitter.feed(buffered) if item.kind == "A")
