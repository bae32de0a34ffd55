"""Ends that concern many: the server's, a cluster's, that of a client with many connections."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from pglite_native import Engine, EngineError
from pglite_native.engine.binding import check, ffi, lib
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client
from tests.serving import Serving
from tests.waiting import until

PROMPTLY_S = 10
CLEARED_S = 60
BUSY = (
    "SELECT pg_sleep(600)",
    "SELECT count(*) FROM generate_series(1, 1000000000000)",
    "TABLE t FOR UPDATE",
    "SELECT repeat('x', 1000) FROM generate_series(1, 100000000)",
)


LEFT_OPEN = """
import sys
from pglite_native import Engine
from pglite_native.server import Server

server = Server(Engine())
print(server.address[0])
"""


def test_one_left_open_removes_its_socket_at_exit() -> None:
    command = [sys.executable, "-c", LEFT_OPEN]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert not Path(printed.stdout.strip()).exists()


KILLED = (
    LEFT_OPEN
    + """
import os, signal, sys
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """For temporary files, with a path that leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="t") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(name)


def test_the_socket_of_a_killed_process_is_removed_by_the_next(folder: Path) -> None:
    (folder / "pglite-native-being-made").mkdir()
    killed_early = folder / "pglite-native-made-long-ago"
    killed_early.mkdir()
    os.utime(killed_early, (0, 0))
    not_ours = folder / "pglite-native-notes"
    (not_ours / "of").mkdir(parents=True)
    os.utime(not_ours, (0, 0))
    (folder / "pglite-native-file").touch()
    command = [sys.executable, "-c", KILLED]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    left = Path(printed.strip())
    assert [path.name for path in left.iterdir()] == [".s.PGSQL.5432"]
    with Server() as lives, Server() as server:
        assert not left.exists()
        for other in (lives, server):
            psycopg.connect(other.dsn).close()
    assert {path.name for path in folder.iterdir()} == {
        "pglite-native-being-made",
        "pglite-native-file",
        "pglite-native-notes",
    }


def test_closing_the_server_ends_all_whatever_they_do() -> None:
    with Engine() as engine, ExitStack() as stack:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a"))
        server = Server(engine)
        clients = [stack.enter_context(Client(server)) for _ in range(100)]
        for client in clients:
            client.log_in()
        idle, holder, *busy = clients
        holder.query("BEGIN; DELETE FROM t")
        for number, client in enumerate(busy):
            client.send(wire.query(BUSY[number % len(BUSY)]))
        time.sleep(0.5)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < PROMPTLY_S
        for client in (idle, holder):
            assert wire.sqlstates(client.receive()) == ["57P01"]
        for number, client in enumerate(busy):
            if "repeat" not in BUSY[number % len(BUSY)]:
                reply = client.receive() + client.receive()
                assert wire.sqlstates(reply)[-1] == "57P01"
        # Rolled back, and the engine is its owner's.
        assert wire.rows(engine.exec_protocol_raw(wire.query("TABLE t"))) == [(b"1",)]


def test_a_statement_that_takes_no_cancel_is_ended_with_the_server() -> None:
    stubborn = """DO $$ BEGIN LOOP
        BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP; END $$"""
    with Engine() as engine:
        server = Server(engine)
        with Client(server) as client:
            client.log_in()
            client.send(wire.query(stubborn))
            time.sleep(0.2)
            began = time.monotonic()
            server.close()
            assert time.monotonic() - began < PROMPTLY_S
        assert wire.rows(engine.exec_protocol_raw(wire.query("SELECT 1"))) == [(b"1",)]


def test_an_engine_that_is_closed_ends_its_clients() -> None:
    with Engine() as engine, Server(engine) as server, Client(server) as busy:
        busy.log_in()
        busy.send(wire.query("SELECT pg_sleep(60)"))
        time.sleep(0.2)
        engine.close()
        assert wire.sqlstates(busy.receive())[-1] in ("57P01", "57014")
        with Client(server) as late:
            assert wire.sqlstates(late.log_in()) == ["57P01"]


def test_an_engine_can_be_served_again() -> None:
    with Engine() as engine:
        for count in range(1, 4):
            with Server(engine) as server, psycopg.connect(server.dsn) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS t (a int)")
                connection.execute("INSERT INTO t VALUES (1)")
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (count,)


def trap(engine: Engine) -> None:
    """Have the engine's own session fail, as if by an error in the guest."""
    check(lib.pgn_trap(engine._handle, ffi.NULL), ffi.new("pgn_error *"))
    with pytest.raises(EngineError, match="a trap was asked for"):
        engine.exec_protocol_raw(wire.query("SELECT 1"))


def test_when_a_session_fails_its_cluster_ends_and_others_go_on() -> None:
    with Engine() as engine, Server(engine) as server, Server() as forks, ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(5)]
        stranger = stack.enter_context(Client(forks))
        for client in (*clients, stranger):
            client.log_in()
        holder, waiter, *idle = clients
        holder.query("CREATE TABLE t ()")
        holder.query("BEGIN; LOCK TABLE t")
        waiter.send(wire.query("TABLE t"))
        time.sleep(0.1)
        trap(engine)
        for client in (waiter, holder, *idle):
            assert wire.sqlstates(client.receive()) == ["57P02"]
            assert client.socket.recv(1) == b""
        with Client(server) as late:
            assert wire.sqlstates(late.log_in()) == ["57P02"]
        assert wire.rows(stranger.query("SELECT 1")) == [(b"1",)]


VICTIM = """
import psycopg, sys, time
connections = [psycopg.connect(sys.argv[1]) for _ in range(50)]
connections[0].execute("INSERT INTO t VALUES (2); LOCK TABLE t")
for connection in connections[1:]:
    connection.pgconn.send_query(b"TABLE t")
print("ready", flush=True)
time.sleep(60)
"""


def test_of_a_killed_client_with_fifty_connections_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE t AS SELECT 1 AS a;\n")
    with Serving("--sql", tmp_path / "schema.sql") as serving:
        command = [sys.executable, "-c", VICTIM, serving.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"ready\n"
            victim.send_signal(signal.SIGKILL)
        with psycopg.connect(serving.url) as connection:
            assert connection.execute("TABLE t").fetchall() == [(1,)]
        until(serving.is_at_rest, CLEARED_S)
