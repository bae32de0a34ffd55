"""Shared mode: ends that concern everybody, the server's and the engine's; and what TLS changes."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
import trustme

from pglite_native import Engine
from pglite_native._native import check, ffi, lib
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client
from tests.serving import Serving

PROMPTLY_S = 10
WIDE = "SELECT repeat('x', 1000) FROM generate_series(1, 20000)"


def test_closing_the_server_ends_all_whatever_they_do() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a"))
        server = Server(engine, shared=True)
        clients = [Client(server) for _ in range(5)]
        for client in clients:
            client.log_in()
        idle, holder, *waiters = clients
        holder.query("BEGIN; DELETE FROM t")
        for waiter in waiters:
            waiter.send(wire.query("SELECT 1"))
        time.sleep(0.1)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < PROMPTLY_S
        for client in (idle, holder):
            assert wire.sqlstates(client.receive()) == ["57P01"]
        for waiter in waiters:
            reply = waiter.receive() + waiter.receive()
            assert wire.sqlstates(reply)[-1] == "57P01"
        for client in clients:
            client.close()
        # Rolled back, and the engine is its owner's again.
        assert wire.rows(engine.exec_protocol_raw(wire.query("TABLE t"))) == [(b"1",)]


def test_an_engine_can_be_served_again() -> None:
    with Engine() as engine:
        for count in range(1, 4):
            with Server(engine, shared=True) as server, psycopg.connect(server.dsn) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS t (a int)")
                connection.execute("INSERT INTO t VALUES (1)")
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (count,)


def test_when_the_engine_fails_everybody_is_told_and_nobody_waits() -> None:
    with Engine() as engine, Server(engine, shared=True) as server:
        clients = [Client(server) for _ in range(4)]
        for client in clients:
            client.log_in()
        victim, waiter, *idle = clients
        victim.query("BEGIN")
        waiter.send(wire.query("SELECT 1"))
        time.sleep(0.1)
        error = ffi.new("pgn_error *")
        check(lib.pgn_trap(engine._handle, error), error)
        for client in (victim, waiter):
            reply = client.query("SELECT 1") if client is victim else client.receive()
            assert wire.sqlstates(reply) == ["XX000"]
        for client in idle:
            assert wire.sqlstates(client.receive()) == ["XX000"]
        with Client(server) as late:
            assert wire.sqlstates(late.log_in()) == ["XX000"]
        for client in clients:
            client.close()


def test_slow_readers_and_wakings_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with (
        Server(shared=True, host="127.0.0.1", trust=True, tls=context) as server,
        psycopg.connect(server.dsn, sslmode="require", autocommit=True) as one,
        psycopg.connect(server.dsn, sslmode="require", autocommit=True) as other,
    ):
        assert one.pgconn.ssl_in_use
        one.execute("LISTEN news")
        with one.cursor() as cursor:
            count = 0
            for (text,) in cursor.stream(WIDE):
                count += len(text)
                if count % 5_000_000 == 0:
                    assert other.execute("SELECT length(%s)", [text]).fetchone() == (1000,)
            assert count == 20_000_000
        assert other.execute("SELECT %s", ["y" * 10**7]).fetchone() == ("y" * 10**7,)
        threading.Timer(0.2, other.execute, ["NOTIFY news, 'x'"]).start()
        (heard,) = one.notifies(timeout=PROMPTLY_S, stop_after=1)
        assert heard.payload == "x"


@pytest.mark.parametrize("value", ["0.05", "none"])
def test_the_limit_of_waiting(value: str) -> None:
    limit_s = None if value == "none" else float(value)
    with (
        Server(shared=True, turn_timeout=limit_s) as server,
        psycopg.connect(server.dsn) as holder,
        psycopg.connect(server.dsn, autocommit=True) as other,
    ):
        holder.execute("SELECT 1")
        if limit_s is None:
            threading.Timer(1, holder.commit).start()
            assert other.execute("SELECT 1").fetchone() == (1,)
        else:
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("SELECT 1")


VICTIM = """
import psycopg, sys, time
connections = [psycopg.connect(sys.argv[1]) for _ in range(50)]
for connection in connections[1:]:
    connection.pgconn.send_query(b"SELECT 1")
connections[0].execute("INSERT INTO t VALUES (2)")
print("ready", flush=True)
time.sleep(60)
"""


def test_of_a_killed_client_with_fifty_connections_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE t AS SELECT 1 AS a;\n")
    with Serving("--shared", "--sql", tmp_path / "schema.sql") as serving:
        psycopg.connect(serving.url).close()
        threads = serving.count_threads()
        command = [sys.executable, "-c", VICTIM, serving.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"ready\n"
            victim.send_signal(signal.SIGKILL)
        with psycopg.connect(serving.url) as connection:
            assert connection.execute("TABLE t").fetchall() == [(1,)]
        deadline = time.monotonic() + PROMPTLY_S
        while serving.count_threads() > threads:
            assert time.monotonic() < deadline
            time.sleep(0.05)
