"""Clients that break off, and servers that do: who is left is served on, what was used is freed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pglite_native.server import Server
from tests import wire
from tests.engine import child
from tests.server.client import Client
from tests.threads import count_threads
from tests.waiting import until

WAIT_S = 20

VICTIM = """
import psycopg, sys
connection = psycopg.connect(sys.argv[1])
connection.execute("CREATE TABLE t (a int)")
print("ready", flush=True)
for _ in connection.cursor().stream(sys.argv[2]): pass
"""
STATEMENTS = {
    "receiving": "SELECT repeat('x', 1000) FROM generate_series(1, 100000000)",
    "waiting": "SELECT pg_sleep(600)",
    "computing": "SELECT count(*) FROM generate_series(1, 1000000000000)",
}


@pytest.fixture
def single() -> Iterator[Server]:
    """A server that lets one client in: the next shows that the last one is gone."""
    with Server(max_connections=1) as server:
        yield server


def connect_when_free(server: Server) -> None:
    deadline = time.monotonic() + WAIT_S
    while True:
        reply = b""
        # Nothing at all comes while the server has not even noticed those that have left.
        with Client(server) as client, suppress(ConnectionError):
            reply = client.log_in()
            if wire.kinds(reply).endswith("Z"):
                assert wire.rows(client.query("SELECT 1")) == [(b"1",)]
                return
        assert wire.sqlstates(reply) in (["53300"], []) and time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("sql", STATEMENTS.values(), ids=STATEMENTS)
def test_a_killed_client_is_cleared_away(single: Server, sql: str) -> None:
    command = [sys.executable, "-c", VICTIM, single.dsn, sql]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"ready\n"
        time.sleep(0.2)
        victim.send_signal(signal.SIGKILL)
    connect_when_free(single)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\0\0", wire.ssl_request(), wire.startup({"user": "postgres"})[:20]],
    ids=["nothing", "half a length", "a request", "half a packet"],
)
def test_leaving_before_being_let_in(single: Server, sent: bytes) -> None:
    for _ in range(100):
        with Client(single) as client:
            client.send(sent)
    connect_when_free(single)


SERVING = """
import signal
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

signal.signal(signal.SIGPIPE, signal.SIG_DFL)
with Server() as server:
    for _ in range(100):
        with Client(server) as client:
            client.send(wire.ssl_request())
    with Client(server) as client:
        client.log_in()
        assert wire.rows(client.query("SELECT 1")) == [(b"1",)]
"""


def test_who_hangs_up_does_not_end_a_process_that_does_not_ignore_sigpipe() -> None:
    child.output(SERVING)


def test_hanging_up_in_every_state(single: Server) -> None:
    for data in (
        b"",
        wire.query("SELECT 1")[:-3],
        wire.query("COPY (SELECT 1) TO STDOUT"),
        wire.query("CREATE TABLE t (a int); COPY t FROM STDIN") + wire.copy_data(b"1\n")[:-1],
        wire.parse("", "SELECT 1"),
    ):
        with Client(single) as client:
            client.log_in()
            client.send(data)
        connect_when_free(single)


@pytest.mark.parametrize("options", [{}, {"host": "127.0.0.1", "trust": True}], ids=["unix", "tcp"])
def test_a_half_closed_client_gets_its_answer(options: dict[str, Any]) -> None:
    with Server(max_connections=1, **options) as server:
        with Client(server) as client:
            client.log_in()
            client.send(wire.query("SELECT pg_sleep(0.3), 7"))
            client.socket.shutdown(socket.SHUT_WR)
            assert wire.rows(client.receive()) == [(b"", b"7")]
            assert client.socket.recv(1) == b""
        connect_when_free(server)


def test_nothing_is_left_of_a_thousand_clients() -> None:
    with Server() as server:
        for _ in range(20):
            psycopg.connect(server.dsn).close()
        wait_until_alone()
        descriptors, threads = len(os.listdir("/proc/self/fd")), count_threads(os.getpid())
        maps = len(Path("/proc/self/maps").read_bytes().splitlines())
        for _ in range(1000):
            psycopg.connect(server.dsn).close()
        wait_until_alone()
        assert len(os.listdir("/proc/self/fd")) <= descriptors
        until(lambda: count_threads(os.getpid()) <= threads)  # the system ends them, too
        assert len(Path("/proc/self/maps").read_bytes().splitlines()) < maps + 100


def wait_until_alone() -> None:
    """Wait until no thread of a connection is left."""
    until(lambda: all(t.name != "pglite-connection" for t in threading.enumerate()))


def test_crowds_at_the_door_are_turned_away() -> None:
    with Server(max_connections=2) as server:
        clients = [Client(server) for _ in range(200)]  # who say nothing
        assert sum(t.name == "pglite-connection" for t in threading.enumerate()) <= 200
        for client in clients:
            client.close()
        wait_until_alone()
        connect_when_free(server)


def test_closing_tells_the_clients() -> None:
    server = Server()
    idle, busy, starting = Client(server), Client(server), Client(server)
    idle.log_in()
    busy.log_in()
    busy.send(wire.query("SELECT pg_sleep(600)"))
    time.sleep(0.1)
    began = time.monotonic()
    server.close()
    server.close()
    assert time.monotonic() - began < 5
    assert wire.sqlstates(idle.receive()) == ["57P01"]
    assert wire.sqlstates(busy.receive()) == ["57014", "57P01"]
    assert starting.receive() == b""
    assert not os.path.exists(server.address[0])
    for client in (idle, busy, starting):
        client.close()


def test_closing_does_not_wait_for_who_does_not_read() -> None:
    server = Server()
    with Client(server) as client:
        client.log_in()
        client.send(wire.query(STATEMENTS["receiving"]))
        time.sleep(0.2)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 10


def test_closing_under_load() -> None:
    server = Server()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                with psycopg.connect(server.dsn) as connection:
                    connection.execute("SELECT 1")
        except psycopg.OperationalError:
            pass  # the server's end
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    server.close()
    for thread in threads:
        thread.join()
    assert failures == []
