"""What a client is told of others: nothing of what they say, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pglite_native import Engine, EngineError
from pglite_native.engine.binding import check, ffi, lib
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

SECRET = "the others must not see this"
MALFORMED = {
    "a length too small": b"Q\0\0\0\3",
    "a length of zero": b"Q\0\0\0\0",
    "a negative length": b"Q\xff\xff\xff\xff",
    "a length beyond all": b"Q\x7f\xff\xff\xff",
    "a type that is none": b"~\0\0\0\4",
    "a Sync of 20000 bytes": wire.message("S", b"x" * 20000),
    "a Sync that says it is": b"S" + (20004).to_bytes(4, "big"),
    "no message of COPY": wire.query("COPY (SELECT) FROM STDIN") + b"d\0\0\0\3",
    "a startup packet": wire.startup({"user": "postgres"}),
}
CRASH = {
    "C": "57P02",
    "M": "terminating connection because of crash of another server process",
}


@contextmanager
def talkative() -> Iterator[tuple[Engine, Server]]:
    """A server whose log is full of what somebody has said."""
    with Engine(settings={"log_statement": "all"}) as engine, Server(engine) as server:
        with Client(server) as other:
            other.log_in()
            for _ in range(3):
                other.query(f"SELECT '{SECRET}', nothing")
        yield engine, server


@pytest.fixture(scope="module")
def talked() -> Iterator[Server]:
    with talkative() as (_, server):
        yield server


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_is_answered_without_others_words(
    talked: Server, message: bytes
) -> None:
    """As a native server does, and by the end of the connection; others go on."""
    with Client(talked) as other, Client(talked) as client:
        for one in (other, client):
            one.log_in()
        client.send(message)
        reply = b""
        while part := client.socket.recv(65536):
            reply += part
        assert SECRET.encode() not in reply
        assert b"engine has failed" not in reply
        assert set(wire.sqlstates(reply)) <= {"08P01", "08006", "42601"}
        assert wire.rows(other.query("SELECT 1")) == [(b"1",)]


def test_half_messages_hold_up_nobody(talked: Server) -> None:
    """A Query of 70,000 bytes, of which one comes, say: it waits for its own client alone."""
    halves = [b"Q", b"Q\0\1\x11\x70a", b"P\0\1\x11\x70" + b"x" * 60000, b"Q\x3f\xff\xff\xfe"]
    with Client(talked) as other:
        other.log_in()
        other.query("CREATE TABLE IF NOT EXISTS held (n int)")
        clients = [Client(talked) for _ in range(3 * len(halves))]
        for number, client in enumerate(clients):
            client.log_in()
            client.send(halves[number % len(halves)])
        for _ in range(3):
            assert wire.sqlstates(other.query("BEGIN; LOCK TABLE held; COMMIT; CHECKPOINT")) == []
        for client in clients:
            client.close()


TIMEOUTS = {
    "idle_session_timeout": ("", "57P05"),
    "idle_in_transaction_session_timeout": ("BEGIN", "25P03"),
    "transaction_timeout": ("BEGIN", "25P04"),
}


@pytest.mark.parametrize("half", [b"Q", b"Q\0\1\x11\x70a"], ids=["a type", "a beginning"])
@pytest.mark.parametrize("setting", TIMEOUTS)
def test_a_message_in_the_making_is_cut_off_by_the_timeouts_of_idle_sessions(
    talked: Server, setting: str, half: bytes
) -> None:
    before, sqlstate = TIMEOUTS[setting]
    with Client(talked) as client:
        client.log_in()
        client.query(f"SET {setting} = '100ms'")
        client.send(wire.query(before) if before else b"")
        if before:
            client.receive()
        client.send(half)
        assert wire.sqlstates(client.receive()) == [sqlstate]
        assert client.socket.recv(1) == b""


def crash(engine: Engine) -> None:
    """Have the engine's own session fail, as if by an error in the guest."""
    check(lib.pgn_trap(engine._handle, ffi.NULL), ffi.new("pgn_error *"))
    with pytest.raises(EngineError, match="a trap was asked for"):
        engine.exec_protocol_raw(wire.query("SELECT 1"))


def test_a_crash_tells_bystanders_nothing_but_that(caplog: pytest.LogCaptureFixture) -> None:
    with talkative() as (engine, server), Client(server) as idle, Client(server) as busy:
        for client in (idle, busy):
            client.log_in()
        busy.send(wire.query("SELECT pg_sleep(600)"))
        with caplog.at_level(logging.CRITICAL, "pglite_native.server"):
            crash(engine)
            for client in (idle, busy):
                reply = client.receive()
                assert CRASH.items() <= wire.errors(reply)[0].items()
                assert SECRET.encode() not in reply
                assert b"trap" not in reply
            with Client(server) as late:
                assert SECRET.encode() not in late.log_in()
        assert SECRET in caplog.text  # its owner is told why


def test_a_crash_before_anybody_has_come_tells_nothing_either() -> None:
    with talkative() as (engine, server):
        crash(engine)
        for _ in range(2):
            with Client(server) as late:
                reply = late.log_in()
                # 57P02: the client before was just leaving when the crash came.
                assert wire.sqlstates(reply) in (["XX000"], ["57P02"])
                assert SECRET.encode() not in reply
                assert b"trap" not in reply
