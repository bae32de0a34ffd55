"""What goes through a connection: large replies, COPY, cancelling, notifications."""

from __future__ import annotations

import logging
import struct
import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

CANCEL_REQUEST_SIZE = 16
SLACK_BYTES = 48 << 20  # what may be in flight, in all buffers of a connection and of the engine
ROWS = 300_000
WIDE = f"SELECT repeat('x', 1000) FROM generate_series(1, {ROWS})"


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def cancel_request(process: int, secret: bytes) -> bytes:
    code = wire.CANCEL_REQUEST_CODE
    return struct.pack("!iii", 12 + len(secret), code, process) + secret


@pytest.mark.parametrize("sql", [WIDE, f"COPY ({WIDE}) TO STDOUT"], ids=["rows", "copy"])
def test_a_large_reply_arrives_in_bounded_memory(server: Server, sql: str) -> None:
    with Client(server) as client:
        client.log_in()
        client.query("SELECT 1")
        before = resident_bytes()
        client.send(wire.query(sql))
        size, tail = 0, b""
        while not tail.endswith(b"Z\0\0\0\5I"):
            part = client.socket.recv(1 << 16)
            size, tail = size + len(part), (tail + part)[-6:]
            assert resident_bytes() - before < SLACK_BYTES
        assert size > ROWS * 1000


def test_who_does_not_read_is_waited_for(server: Server) -> None:
    with Client(server) as client:
        client.log_in()
        client.query("SELECT 1")
        before = resident_bytes()
        client.send(wire.query(WIDE))
        time.sleep(1)
        assert resident_bytes() - before < SLACK_BYTES
        with Client(server) as other:  # and no other client waits
            other.log_in()
            assert wire.rows(other.query("SELECT 1")) == [(b"1",)]
        assert client.socket.recv(1) == b"T"


def test_copy_in_takes_any_amount_in_bounded_memory(server: Server) -> None:
    row = b"x" * 1023 + b"\n"
    with Client(server) as client:
        client.log_in()
        client.query("CREATE TABLE t (a text)")
        client.query("SELECT 1")
        before = resident_bytes()
        client.send(wire.query("COPY t FROM STDIN WHERE length(a) < 9"))
        assert client.receive_exactly(1) == b"G"
        block = wire.copy_data(row * 64) * 8
        for _ in range(100):
            client.send(block)
        assert resident_bytes() - before < SLACK_BYTES
        client.send(wire.copy_data(b"few\n") + wire.copy_done())
        assert wire.decode(wire.split(b"G" + client.receive())[1]) == ("CommandComplete", "COPY 1")


def test_a_message_larger_than_any_buffer(server: Server) -> None:
    text = "x" * (20 << 20)
    with psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT length(%s)", [text]).fetchone() == (len(text),)
        assert connection.execute("SELECT %s", [text]).fetchone() == (text,)


def test_messages_in_single_bytes(server: Server) -> None:
    with Client(server) as client:
        client.log_in()
        for byte in wire.extended("SELECT 7") + wire.query("SELECT 8"):
            client.send(bytes([byte]))
        reply = client.receive()
        while wire.kinds(reply).count("Z") < 2:
            reply += client.receive()
        assert wire.rows(reply) == [(b"7",), (b"8",)]


def test_whole_messages_before_and_after_one_in_pieces(server: Server) -> None:
    text = "x" * 100_000
    with Client(server) as client:
        client.log_in()
        for number in range(3):
            assert wire.rows(client.query(f"SELECT {number}")) == [(b"%d" % number,)]
            message = wire.query(f"SELECT {number}, '{text}'")
            client.send(message[:3])
            client.send(message[3:90_000])
            client.send(message[90_000:] + wire.query("SELECT 7"))
            reply = b""
            while wire.kinds(reply).count("Z") < 2:
                reply += client.receive()
            assert wire.rows(reply) == [(b"%d" % number, text.encode()), (b"7",)]


def test_a_message_in_pieces_goes_on_after_a_look_at_something_else(server: Server) -> None:
    """Its second half begins as a Terminate would."""
    with Client(server) as client:
        reply = client.log_in()
        (key,) = [payload for kind, payload in wire.split(reply) if kind == "K"]
        message = wire.query("SELECT length('" + "X" * 1000 + "')")
        client.send(message[:100])
        time.sleep(0.1)
        with Client(server) as canceller:  # in vain, as nothing runs
            canceller.send(cancel_request(int.from_bytes(key[:4], "big"), key[4:]))
            canceller.receive()
        client.send(message[100:])
        assert wire.rows(client.receive()) == [(b"1000",)]


def test_a_cancel_request_between_statements_changes_nothing(server: Server) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        for number in range(20):
            assert connection.execute("SELECT %s::int", [number]).fetchone() == (number,)
            connection.cancel_safe()
            time.sleep(0.01)


def test_what_postgresql_logs_is_passed_on_while_the_client_stays(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "pglite_native.guest")
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("SET log_min_messages = 'warning'")
        for number in range(2):
            connection.execute(f"DO $$ BEGIN RAISE WARNING 'logged {number}'; END $$")
            deadline = time.monotonic() + 5
            while f"logged {number}" not in caplog.text and time.monotonic() < deadline:
                time.sleep(0.01)
            assert f"logged {number}" in caplog.text


def test_notifications_of_the_own_session(server: Server) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("LISTEN news")
        connection.execute("NOTIFY news, 'now'")
        (heard,) = connection.notifies(timeout=5, stop_after=1)
        assert (heard.channel, heard.payload) == ("news", "now")
        assert heard.pid == connection.info.backend_pid


def test_cancelling(server: Server) -> None:
    with psycopg.connect(server.dsn) as connection, psycopg.connect(server.dsn) as other:
        threading.Timer(0.2, connection.cancel_safe).start()
        began = time.monotonic()
        with pytest.raises(errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(60)")
        assert time.monotonic() - began < 10
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_cancelling_one_of_many(server: Server) -> None:
    """All backends have one process number; the secret tells them apart."""
    connections = [psycopg.connect(server.dsn) for _ in range(4)]
    outcomes: dict[int, str | None] = {}

    def run(number: int) -> None:
        try:
            connections[number].execute("SELECT pg_sleep(1)")
            outcomes[number] = None
        except errors.QueryCanceled as error:
            outcomes[number] = error.sqlstate

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    connections[2].cancel_safe()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    assert outcomes == {0: None, 1: None, 2: "57014", 3: None}


@pytest.mark.parametrize("change", ["secret", "process", "length", "nothing"])
def test_a_cancel_request_wants_the_right_key(server: Server, change: str) -> None:
    with Client(server) as client:
        reply = client.log_in()
        (key,) = [payload for kind, payload in wire.split(reply) if kind == "K"]
        process, secret = int.from_bytes(key[:4], "big"), key[4:]
        if change == "secret":
            secret = bytes(byte ^ 1 for byte in secret)
        elif change == "process":
            process += 1
        elif change == "length":
            secret += b"\0"
        client.send(wire.query("SELECT pg_sleep(0.5)"))
        time.sleep(0.1)
        with Client(server) as canceller:
            canceller.send(cancel_request(process, secret))
            assert canceller.receive() == b""
        assert wire.sqlstates(client.receive()) == (["57014"] if change == "nothing" else [])


def test_a_cancel_request_without_a_key_is_refused(server: Server) -> None:
    with Client(server) as canceller:
        canceller.send(struct.pack("!iii", 12, wire.CANCEL_REQUEST_CODE, 1))
        assert wire.sqlstates(canceller.receive()) == ["08P01"]


def test_a_fatal_error_ends_the_connection(server: Server) -> None:
    with Client(server) as client:
        client.log_in()
        reply = client.query("SELECT pg_terminate_backend(pg_backend_pid())")
        assert wire.sqlstates(reply) == ["57P01"]
        assert client.socket.recv(1) == b""


def test_an_unknown_message_ends_the_connection(server: Server) -> None:
    with Client(server) as client:
        client.log_in()
        client.send(wire.message("~"))
        assert wire.sqlstates(client.receive()) == ["08P01"]


def test_terminate_ends_the_connection_after_what_came_before(server: Server) -> None:
    with Client(server) as client:
        client.log_in()
        client.send(wire.query("SELECT 1") + wire.terminate())
        assert wire.rows(client.receive()) == [(b"1",)]
        assert client.socket.recv(1) == b""
