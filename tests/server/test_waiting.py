"""Shared mode, from the side of who waits: for how long, for whom, and what comes of it."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import errors

from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

Connection = psycopg.Connection[tuple[object, ...]]
LIMIT_S = 0.3
WAIT_S = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(shared=True, turn_timeout=LIMIT_S) as server:
        yield server


@pytest.fixture
def patient() -> Iterator[Server]:
    with Server(shared=True, turn_timeout=WAIT_S) as server:
        yield server


def logged_in(server: Server) -> Client:
    client = Client(server)
    assert wire.kinds(client.log_in()).endswith("Z")
    return client


HELD = {
    "in a transaction": wire.query("BEGIN"),
    "in a failed transaction": wire.query("BEGIN; SELECT 1/0"),
    "before Sync": wire.parse("", "SELECT 1") + wire.flush(),
    "in COPY": wire.query("CREATE TEMP TABLE t (a int); COPY t FROM STDIN"),
    "in a large message": wire.query("SELECT '" + "x" * 100_000 + "'")[:-10],
    "in a statement": wire.query("SELECT pg_sleep(60)"),
}
"""What a client sends, and keeps the backend by."""


def hold(client: Client, data: bytes) -> None:
    client.send(data)
    time.sleep(0.1)  # until the backend has it


@pytest.mark.parametrize("data", HELD.values(), ids=HELD)
def test_a_simple_query_waits_for_its_limit_and_is_declined(server: Server, data: bytes) -> None:
    with logged_in(server) as holder, logged_in(server) as other:
        hold(holder, data)
        for _ in range(2):  # and the connection stays usable
            began = time.monotonic()
            reply = other.query("SELECT 1")
            assert LIMIT_S * 0.9 < time.monotonic() - began < WAIT_S
            assert wire.kinds(reply) == "EZ" and wire.sqlstates(reply) == ["55P03"]
            assert reply.endswith(b"I")
        holder.close()
        assert wire.rows(other.query("SELECT 1")) == [(b"1",)]


def test_the_error_tells_for_whom_and_what_to_do(server: Server) -> None:
    with logged_in(server) as holder, psycopg.connect(server.dsn) as other:
        other.rollback()
        (pid,) = wire.rows(holder.query("BEGIN; SELECT pg_backend_pid()"))[0]
        with pytest.raises(errors.LockNotAvailable) as caught:
            other.execute("SELECT 1")
        report = caught.value.diag
        assert report.severity == "ERROR"
        assert report.message_primary == f"could not obtain the backend within {LIMIT_S:g} s"
        assert pid is not None and pid.decode() in str(report.message_detail)
        assert "waits for its client" in str(report.message_detail)
        assert "turn_timeout" in str(report.message_hint)


def test_a_pipeline_that_is_declined_is_skipped_to_its_sync(server: Server) -> None:
    with logged_in(server) as holder, logged_in(server) as other:
        hold(holder, HELD["in a transaction"])
        other.send(wire.parse("", "SELECT 1") + wire.bind("", ""))
        (error,) = wire.split(other.socket.recv(1000))
        assert error.kind == "E"
        other.send(wire.execute())
        other.socket.settimeout(LIMIT_S * 2)
        with pytest.raises(TimeoutError):
            other.socket.recv(1)
        other.socket.settimeout(WAIT_S)
        other.send(wire.sync())
        assert wire.kinds(other.receive()) == "Z"


def test_a_sync_alone_waits_for_nobody(server: Server) -> None:
    with logged_in(server) as holder, logged_in(server) as other:
        hold(holder, HELD["in a transaction"])
        other.send(wire.sync())
        assert other.receive_exactly(6) == b"Z\0\0\0\5I"


def test_of_requests_sent_at_once_each_is_answered(server: Server) -> None:
    with logged_in(server) as holder, logged_in(server) as other:
        hold(holder, HELD["in a transaction"])
        other.send(wire.extended("SELECT 1") + wire.query("SELECT 2") + wire.extended("SELECT 3"))
        assert wire.kinds(other.receive() + other.receive()) == "EZEZ"
        holder.close()
        assert wire.rows(other.receive()) == [(b"3",)]


def test_a_large_request_is_declined_whole(server: Server) -> None:
    with logged_in(server) as holder, logged_in(server) as other:
        hold(holder, HELD["in a transaction"])
        reply = other.query("SELECT '" + "x" * 1_000_000 + "'")
        assert wire.sqlstates(reply) == ["55P03"]
        holder.close()
        assert wire.rows(other.query("SELECT 1")) == [(b"1",)]


def test_a_driver_s_transaction_goes_on_after_being_declined(server: Server) -> None:
    with psycopg.connect(server.dsn) as holder, psycopg.connect(server.dsn) as other:
        holder.execute("SELECT 1")
        for _ in range(2):
            with pytest.raises(errors.LockNotAvailable), other.transaction():
                other.execute("SELECT 1")
        with pytest.raises(errors.LockNotAvailable), other.pipeline():
            other.execute("SELECT 1")
        other.rollback()
        holder.commit()
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_a_login_that_waits_too_long_is_refused(server: Server) -> None:
    with logged_in(server) as holder, Client(server) as other:
        hold(holder, HELD["in a transaction"])
        reply = other.log_in()
        assert wire.sqlstates(reply) == ["55P03"] and wire.errors(reply)[0]["S"] == "FATAL"
        assert other.socket.recv(1) == b""


def test_who_waits_is_served_when_the_transaction_ends(patient: Server) -> None:
    with logged_in(patient) as holder, logged_in(patient) as other:
        hold(holder, wire.query("BEGIN"))
        holder.receive()
        other.send(wire.query("SELECT 1"))
        time.sleep(0.1)
        holder.query("COMMIT")
        assert wire.rows(other.receive()) == [(b"1",)]


def test_who_waits_is_served_in_order(patient: Server) -> None:
    clients = [logged_in(patient) for _ in range(12)]
    with logged_in(patient) as holder:
        hold(holder, HELD["in a transaction"])
        for client in clients:
            client.send(wire.query("SELECT clock_timestamp()"))
            time.sleep(0.02)
        holder.query("COMMIT")
        times = [wire.rows(client.receive())[0] for client in clients]
    assert times == sorted(times)
    for client in clients:
        client.close()


def terminate(client: Client) -> None:
    client.send(wire.terminate())
    client.close()


def half_close(client: Client) -> None:
    client.socket.shutdown(socket.SHUT_WR)


def reset(client: Client) -> None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


LEAVING = {"terminate": terminate, "close": Client.close, "half close": half_close, "reset": reset}


@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING)
@pytest.mark.parametrize(
    "held", ["in a transaction", "before Sync", "in COPY", "in a large message"]
)
def test_who_leaves_leaves_the_backend(
    patient: Server, held: str, leave: Callable[[Client], None]
) -> None:
    with logged_in(patient) as holder, logged_in(patient) as other:
        hold(holder, HELD[held])
        other.send(wire.query("SELECT 1"))
        time.sleep(0.05)
        began = time.monotonic()
        leave(holder)
        assert wire.rows(other.receive()) == [(b"1",)]
        assert time.monotonic() - began < 2


def test_who_hangs_up_while_its_statement_runs_leaves_the_backend(patient: Server) -> None:
    with logged_in(patient) as holder, logged_in(patient) as other:
        hold(holder, HELD["in a statement"])
        other.send(wire.query("SELECT 1"))
        holder.close()
        assert wire.rows(other.receive()) == [(b"1",)]


def test_who_leaves_the_queue_is_not_waited_for(patient: Server) -> None:
    with logged_in(patient) as holder, logged_in(patient) as second, logged_in(patient) as third:
        hold(holder, HELD["in a transaction"])
        holder.receive()
        second.send(wire.query("SELECT pg_sleep(60)"))
        time.sleep(0.05)
        third.send(wire.query("SELECT 1"))
        second.close()
        time.sleep(0.3)
        holder.query("COMMIT")
        assert wire.rows(third.receive()) == [(b"1",)]


def test_a_half_closed_client_gets_the_answer_it_waits_for(patient: Server) -> None:
    with logged_in(patient) as holder, logged_in(patient) as other:
        hold(holder, HELD["in a transaction"])
        holder.receive()
        other.send(wire.query("SELECT 1"))
        other.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.1)
        holder.query("COMMIT")
        assert wire.rows(other.receive()) == [(b"1",)]
        assert other.socket.recv(1) == b""


@pytest.fixture
def pair(patient: Server) -> Iterator[tuple[Connection, Connection]]:
    with (
        psycopg.connect(patient.dsn, autocommit=True) as one,
        psycopg.connect(patient.dsn, autocommit=True) as other,
    ):
        yield one, other


def test_a_wait_can_be_cancelled(pair: tuple[Connection, Connection]) -> None:
    holder, other = pair
    holder.execute("BEGIN")
    threading.Timer(0.2, other.cancel_safe).start()
    began = time.monotonic()
    with pytest.raises(errors.QueryCanceled):
        other.execute("SELECT 1")
    assert time.monotonic() - began < WAIT_S / 2
    holder.execute("COMMIT")  # it was not hit
    assert other.execute("SELECT 1").fetchone() == (1,)


def test_cancelling_hits_the_one_that_is_meant(pair: tuple[Connection, Connection]) -> None:
    running, idle = pair
    timer = threading.Timer(0.1, idle.cancel_safe)
    timer.start()
    running.execute("SELECT pg_sleep(0.4)")
    timer.join()
    threading.Timer(0.1, running.cancel_safe).start()
    with pytest.raises(errors.QueryCanceled):
        running.execute("SELECT pg_sleep(60)")
    assert idle.execute("SELECT 1").fetchone() == (1,)


def test_a_client_that_has_not_finished_its_message_keeps_nobody_waiting(server: Server) -> None:
    with logged_in(server) as slow, logged_in(server) as other:
        message = wire.query("SELECT 'slow'")
        slow.send(message[:-3])
        time.sleep(0.05)
        assert wire.rows(other.query("SELECT 1")) == [(b"1",)]
        slow.send(message[-3:])
        assert wire.rows(slow.receive()) == [(b"slow",)]


@pytest.mark.parametrize("stray", [wire.copy_data(b"1\n"), wire.copy_data(b"1" * 10**5)])
def test_what_postgresql_passes_over_keeps_nobody_waiting(server: Server, stray: bytes) -> None:
    """As after a COPY that has failed while the client was still sending."""
    with logged_in(server) as one, logged_in(server) as other:
        one.send(stray + wire.copy_done() + wire.flush())
        time.sleep(0.05)
        assert wire.rows(other.query("SELECT 1")) == [(b"1",)]
        one.send(stray + wire.copy_done() + wire.query("SELECT 2"))
        assert wire.rows(one.receive()) == [(b"2",)]
        assert wire.rows(other.query("SELECT 1")) == [(b"1",)]
