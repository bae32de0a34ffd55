"""Bad moments: clients are ended, sessions closed and processes forked while others are served."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from typing_extensions import Buffer

from pglite_native import Engine
from pglite_native.server import Server
from tests import wire
from tests.engine import child
from tests.engine.sql import run, value
from tests.server.client import Client

WORKERS = 4
PROMPTLY_S = 15
PATIENCE_S = 60
HEADER_SIZE = 100  # of a compressed file, at most

OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'worker'"


def work_until(stop: threading.Event, dsn: str, sql: str) -> int:
    """Connect again and again, until told to stop; count the times it was ended."""
    ended = 0
    while not stop.is_set():
        try:
            with psycopg.connect(dsn, application_name="worker", autocommit=True) as connection:
                for _ in range(20):
                    connection.execute(sql)
        except psycopg.OperationalError:
            ended += 1
    return ended


def disturb(server: Server, sql: str, disturbance: Callable[[], object], times: int) -> int:
    """Have clients work while something is done many times; count how many were ended by it."""
    stop = threading.Event()
    with ThreadPoolExecutor(WORKERS) as pool:
        calls = [pool.submit(work_until, stop, server.dsn, sql) for _ in range(WORKERS)]
        try:
            for _ in range(times):
                disturbance()
                time.sleep(0.01)
        finally:
            stop.set()
        return sum(call.result(PATIENCE_S) for call in calls)


def test_clients_are_terminated_as_they_are_answered() -> None:
    with Engine() as engine, Server(engine) as server:
        assert disturb(server, "SELECT 1", lambda: run(engine, OTHERS), times=150) > 0
        assert value(engine, "SELECT 6 * 7") == "42"


def test_the_engine_is_restored_as_clients_come() -> None:
    with Engine() as engine:
        run(engine, "CREATE TABLE t (n int)")
        snapshot = engine.snapshot()
        with Server(engine) as server:
            insert = "INSERT INTO t VALUES (1)"
            disturb(server, insert, lambda: engine.restore(snapshot), times=40)
            began = time.monotonic()
        assert time.monotonic() - began < PROMPTLY_S
        engine.restore(snapshot)
        assert value(engine, "SELECT count(*) FROM t") == "0"


def test_a_session_that_listens_and_does_not_read_is_terminated() -> None:
    with Engine() as engine, Server(engine) as server, Client(server) as deaf:
        deaf.log_in()
        ((pid,),) = wire.rows(deaf.query("SELECT pg_backend_pid()"))
        deaf.query("LISTEN news")
        for _ in range(3):
            run(engine, "SELECT pg_notify('news', repeat('x', 7000)) FROM generate_series(1, 300)")
        assert (
            value(
                engine, f"SELECT pg_terminate_backend({(pid or b'').decode()}, {PROMPTLY_S * 1000})"
            )
            == "t"
        )


class SlowFile(io.RawIOBase):
    """A file that is written from its header on only when that is allowed."""

    def __init__(self) -> None:
        self.begun, self.allowed = threading.Event(), threading.Event()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        size = memoryview(data).nbytes
        if size > HEADER_SIZE:
            self.begun.set()
            self.allowed.wait(PATIENCE_S)
        return size


@pytest.mark.parametrize("through", ["the engine", "the server"])
def test_a_session_that_is_opened_during_a_dump_waits_for_its_end(through: str) -> None:
    with Engine() as engine, Server(engine) as server, ThreadPoolExecutor(2) as pool:
        run(engine, "CREATE TABLE t AS SELECT 1 AS n")

        def ask() -> object:
            if through == "the engine":
                with engine.open_session() as session:
                    return value(session, "SELECT n FROM t")
            with psycopg.connect(server.dsn) as connection:
                row = connection.execute("SELECT n::text FROM t").fetchone()
                return row and row[0]

        file = SlowFile()
        dump = pool.submit(engine.dump_data_dir, file)
        assert file.begun.wait(PATIENCE_S)
        call = pool.submit(ask)
        time.sleep(0.2)
        is_done = call.done()
        file.allowed.set()
        assert not is_done
        dump.result(PATIENCE_S)
        assert call.result(PATIENCE_S) == "1"


FORKED = """
import os, sys, psycopg, warnings
from pglite_native import Engine
from pglite_native.server import Server

warnings.simplefilter("ignore")
engine = Engine()
with Server(engine) as server:
    connection = psycopg.connect(server.dsn, autocommit=True)
    child = os.fork()
    if child == 0:
        sys.exit(0)  # and so through the ends of `with`
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(connection.execute("SELECT 1").fetchone())
    print(psycopg.connect(server.dsn).execute("SELECT 2").fetchone())
"""


def test_a_forked_child_leaves_the_server_to_its_parent() -> None:
    assert child.output(FORKED, seconds=PATIENCE_S).splitlines() == ["0", "(1,)", "(2,)"]
