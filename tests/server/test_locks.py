"""Connections of one cluster that wait for each other, as in any PostgreSQL, and stop waiting."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors

from pglite_native import Engine
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

Connection = psycopg.Connection[tuple[object, ...]]
Pair = tuple[Connection, Connection]
WAIT_S = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Engine() as engine, Server(engine) as server:
        with connect(server) as connection:
            connection.execute("CREATE TABLE stock (item text PRIMARY KEY, amount int)")
            connection.execute("INSERT INTO stock VALUES ('pear', 7), ('fig', 7)")
        yield server


def connect(server: Server) -> Connection:
    return psycopg.connect(server.dsn, autocommit=True)


@pytest.fixture
def pair(server: Server) -> Iterator[Pair]:
    """The first is in a transaction that holds the row of pears."""
    with closing(connect(server)) as one, connect(server) as other:
        one.execute("BEGIN")
        one.execute("UPDATE stock SET amount = amount WHERE item = 'pear'")
        yield one, other


TAKE = "UPDATE stock SET amount = amount WHERE item = 'pear'"


def waiting(connection: Connection, sql: str = TAKE) -> Callable[[], BaseException | None]:
    """Have a statement wait; return what awaits its end, and returns its error."""
    outcome: list[BaseException | None] = []

    def work() -> None:
        try:
            connection.execute(sql.encode())
            outcome.append(None)
        except psycopg.Error as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.1)
    assert outcome == []

    def join() -> BaseException | None:
        thread.join(WAIT_S)
        return outcome[0]

    return join


def test_other_rows_and_readers_do_not_wait(pair: Pair) -> None:
    _, other = pair
    other.execute("UPDATE stock SET amount = 7 WHERE item = 'fig'")
    assert other.execute("SELECT count(*) FROM stock").fetchone() == (2,)


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_a_row_is_waited_for_until_its_transaction_ends(pair: Pair, end: str) -> None:
    one, other = pair
    end_of = waiting(other)
    one.execute(end.encode())
    assert end_of() is None


def test_a_row_is_free_when_its_connection_ends(pair: Pair) -> None:
    one, other = pair
    end_of = waiting(other)
    one.close()
    assert end_of() is None


def test_a_row_is_free_when_its_client_is_killed(server: Server) -> None:
    code = """
import psycopg, sys, time
connection = psycopg.connect(sys.argv[1])
connection.execute("UPDATE stock SET amount = 0 WHERE item = 'pear'")
print("ready", flush=True)
time.sleep(60)
"""
    with connect(server) as other:
        command = [sys.executable, "-c", code, server.dsn]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"ready\n"
            end_of = waiting(other)
            victim.send_signal(signal.SIGKILL)
        assert end_of() is None
        row = other.execute("SELECT amount FROM stock WHERE item = 'pear'").fetchone()
        assert row == (7,)


def test_a_client_that_is_killed_while_it_waits_waits_no_longer(pair: Pair, server: Server) -> None:
    one, _ = pair
    with Client(server) as client:
        client.log_in()
        client.send(wire.query(TAKE))
        time.sleep(0.1)
    deadline = time.monotonic() + WAIT_S
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while one.execute(query.encode()).fetchone() != (0,):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_wait_can_be_cancelled_and_hits_no_other(pair: Pair, server: Server) -> None:
    one, other = pair
    with connect(server) as third:
        end_of, end_of_third = waiting(other), waiting(third)
        other.cancel_safe()
        assert isinstance(end_of(), errors.QueryCanceled)
        one.execute("COMMIT")
        assert end_of_third() is None


def test_a_wait_can_be_cancelled_and_terminated_by_sql(pair: Pair, server: Server) -> None:
    one, other = pair
    with closing(connect(server)) as third:
        end_of, end_of_third = waiting(other), waiting(third)
        one.execute("SELECT pg_cancel_backend(%s)", [other.info.backend_pid])
        one.execute("SELECT pg_terminate_backend(%s)", [third.info.backend_pid])
        assert isinstance(end_of(), errors.QueryCanceled)
        assert isinstance(end_of_third(), errors.AdminShutdown)


def test_waiting_is_refused_and_limited_as_asked(pair: Pair) -> None:
    _, other = pair
    with pytest.raises(errors.LockNotAvailable):
        other.execute("SELECT FROM stock WHERE item = 'pear' FOR UPDATE NOWAIT")
    query = "SELECT item FROM stock FOR UPDATE SKIP LOCKED"
    assert other.execute(query).fetchall() == [("fig",)]
    other.execute("SET lock_timeout = '100ms'")
    with pytest.raises(errors.LockNotAvailable):
        other.execute(TAKE.encode())
    other.execute("RESET lock_timeout; SET statement_timeout = '100ms'")
    with pytest.raises(errors.QueryCanceled):
        other.execute(TAKE.encode())


def test_a_deadlock_is_found(pair: Pair) -> None:
    one, other = pair
    other.execute("BEGIN")
    other.execute("UPDATE stock SET amount = 7 WHERE item = 'fig'")
    end_of = waiting(other)
    failures = []
    try:
        one.execute("UPDATE stock SET amount = 7 WHERE item = 'fig'")
    except errors.DeadlockDetected as error:
        failures.append(error)
        one.execute("ROLLBACK")
    failed = end_of()
    assert [type(error) for error in (*failures, failed) if error] == [errors.DeadlockDetected]


def test_advisory_locks_are_waited_for(pair: Pair) -> None:
    one, other = pair
    one.execute("SELECT pg_advisory_lock(8)")
    end_of = waiting(other, "SELECT pg_advisory_lock(8)")
    one.execute("SELECT pg_advisory_unlock(8)")
    assert end_of() is None


def test_updates_from_many_connections_are_not_lost(server: Server) -> None:
    def run() -> None:
        with connect(server) as connection:
            for _ in range(20):
                connection.execute("UPDATE stock SET amount = amount + 1 WHERE item = 'fig'")

    with connect(server) as connection:
        connection.execute("UPDATE stock SET amount = 0 WHERE item = 'fig'")
        threads = [threading.Thread(target=run) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row = connection.execute("SELECT amount FROM stock WHERE item = 'fig'").fetchone()
        assert row == (100,)


def test_writes_that_cannot_be_put_in_an_order_fail(server: Server) -> None:
    with closing(connect(server)) as one, closing(connect(server)) as other:
        for connection in (one, other):
            connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            connection.execute("SELECT sum(amount) FROM stock")
        one.execute("UPDATE stock SET amount = 7 WHERE item = 'pear'")
        other.execute("UPDATE stock SET amount = 7 WHERE item = 'fig'")
        one.execute("COMMIT")
        with pytest.raises(errors.SerializationFailure):
            other.execute("COMMIT")


# --- ends ------------------------------------------------------------------------------------


def test_terminating_a_session_ends_that_one_alone(pair: Pair, server: Server) -> None:
    one, other = pair
    with closing(connect(server)) as third:
        pid = third.info.backend_pid
        one.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(errors.AdminShutdown):
            third.execute("SELECT 1")
        assert third.closed
    row = other.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    assert row == (0,)


def test_an_idle_session_is_told_of_its_end_at_once(pair: Pair, server: Server) -> None:
    with Client(server) as client:
        client.socket.settimeout(2)
        reply = client.log_in()
        (key,) = [payload for kind, payload in wire.split(reply) if kind == "K"]
        pid = int.from_bytes(key[:4], "big")
        pair[0].execute("SELECT pg_terminate_backend(%s)", [pid])
        assert wire.sqlstates(client.receive()) == ["57P01"]
        assert client.socket.recv(1) == b""


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("idle_in_transaction_session_timeout", errors.IdleInTransactionSessionTimeout),
        ("transaction_timeout", errors.TransactionTimeout),
    ],
)
def test_an_idle_transaction_is_ended_by_its_timeout(
    server: Server, setting: str, error: type[psycopg.Error]
) -> None:
    with closing(connect(server)) as one, connect(server) as other:
        one.execute(f"SET {setting} = '300ms'".encode())
        one.execute("BEGIN")
        one.execute(TAKE.encode())
        assert waiting(other)() is None
        with pytest.raises(error):
            one.execute("SELECT 1")


def test_an_idle_session_is_ended_by_its_timeout_and_told(server: Server) -> None:
    with Client(server) as client:
        client.socket.settimeout(2)
        client.log_in()
        client.query("SET idle_session_timeout = '200ms'")
        assert wire.sqlstates(client.receive()) == ["57P05"]
        assert client.socket.recv(1) == b""


def test_timeouts_are_each_one_s_own(server: Server) -> None:
    with connect(server) as one, connect(server) as other:
        one.execute("SET statement_timeout = '100ms'")
        other.execute("SELECT pg_sleep(0.3)")
        with pytest.raises(errors.QueryCanceled):
            one.execute("SELECT pg_sleep(60)")
        other.execute("SELECT pg_sleep(0.3)")
