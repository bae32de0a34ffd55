"""Strangers at the door: they keep it neither shut nor busy, and what they cost is given back."""

from __future__ import annotations

import os
import resource
import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from pglite_native import Engine
from pglite_native.server import Server, open_connections, timeouts
from tests import wire
from tests.server.client import PARAMETERS, Client
from tests.serving import Serving
from tests.waiting import until

PASSWORD = "secret"
SILENT = 1000
SOON_S = 30  # on a busy machine; an authentication_timeout takes longer
CLIENTS = 1000
SEATS = 50
FEW_DESCRIPTORS = 64


@pytest.fixture
def descriptors() -> Iterator[None]:
    """As many as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def are_gone() -> bool:
    return not any(thread.name == "pglite-connection" for thread in threading.enumerate())


SAYING = {
    "nothing": b"",
    "half a startup packet": wire.startup(PARAMETERS)[:-1],
    "a request for TLS": wire.ssl_request(),
    "no password": wire.startup(PARAMETERS),
}


@pytest.mark.parametrize("said", SAYING.values(), ids=SAYING)
@pytest.mark.usefixtures("descriptors")
def test_a_thousand_silent_clients_keep_no_other_out(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "STARTING_PATIENCE_S", 0.2)
    with (
        Server(host="127.0.0.1", password=PASSWORD, authentication_timeout=600) as server,
        ExitStack() as stack,
    ):
        psycopg.connect(server.dsn).close()
        until(are_gone)
        before = open_descriptors()
        for _ in range(SILENT):
            stack.enter_context(Client(server)).send(said)
        began = time.monotonic()
        with psycopg.connect(server.dsn) as good:
            assert good.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - began < SOON_S
        threads = sum(thread.name == "pglite-connection" for thread in threading.enumerate())
        assert threads <= open_connections.STARTING_MAX + 1
        stack.close()
        until(are_gone)
        assert open_descriptors() <= before + 1  # the spare one


def test_who_has_not_been_let_in_takes_no_seat() -> None:
    with (
        Server(host="127.0.0.1", password=PASSWORD, max_connections=1) as server,
        Client(server) as silent,
    ):
        silent.send(wire.startup(PARAMETERS))
        assert silent.receive_exactly(1) == b"R"  # it is asked for its password
        with psycopg.connect(server.dsn) as good:
            assert good.execute("SELECT 1").fetchone() == (1,)
            with pytest.raises(psycopg.OperationalError, match="too many clients already"):
                psycopg.connect(server.dsn)


def test_a_wrong_password_takes_its_time_and_no_other_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "FAILED_LOGIN_DELAY_S", 600)
    with Engine() as engine:
        server = Server(engine, host="127.0.0.1", password=PASSWORD, max_connections=1)
        with server, ExitStack() as stack:
            guesses = [stack.enter_context(Client(server)) for _ in range(20)]
            for guess in guesses:
                answer_wrongly(guess)
            with psycopg.connect(server.dsn) as good:
                sessions = good.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                ).fetchone()
                assert sessions == (2,)  # the engine's own, and this one: none for those who guess
            for guess in guesses:
                guess.socket.settimeout(0.01)
                with pytest.raises(TimeoutError):
                    guess.socket.recv(1)
            server.close()  # waits for none of them
            for guess in guesses:
                guess.socket.settimeout(SOON_S)
                assert wire.sqlstates(guess.receive()) == ["57P01"]


def answer_wrongly(client: Client) -> None:
    """Log in with a proof of no password."""
    first = b"n,,n=,r=abcdefgh"
    initial = b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first
    client.send(wire.startup(PARAMETERS) + wire.message("p", initial))
    received = b""
    while received.count(b"R\0\0\0") < 2:
        received += client.socket.recv(4096)
    nonce = received.partition(b"r=")[2].partition(b",")[0]
    client.send(wire.message("p", b"c=biws,r=" + nonce + b",p=" + b"A" * 43 + b"="))


@pytest.mark.usefixtures("descriptors")
def test_a_thousand_clients_at_once_are_let_in_or_told(tmp_path: Path) -> None:
    """By a process of its own, as its memory is measured."""
    directory = tmp_path / "socket"
    with (
        Serving("--socket-dir", directory, "--max-connections", str(SEATS)) as serving,
        ExitStack() as stack,
    ):
        psycopg.connect(serving.url).close()
        before = serving.private_bytes()
        clients = [
            stack.enter_context(closing(socket.socket(socket.AF_UNIX))) for _ in range(CLIENTS)
        ]
        for client in clients:
            client.connect(str(directory / ".s.PGSQL.5432"))
            client.sendall(wire.startup(PARAMETERS))
        told = Counter(wire.kinds(reply)[-1] for reply in replies(clients))
        assert told == {"Z": SEATS, "E": CLIENTS - SEATS}
        stack.close()
        until(serving.is_at_rest)
        assert serving.private_bytes() - before < 64 << 20
        psycopg.connect(serving.url).close()


def replies(clients: list[socket.socket]) -> list[bytes]:
    """What each client is told, until it is asked for a query or hung up on."""
    told = dict.fromkeys(clients, b"")
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(SOON_S)
            assert ready
            for key, _ in ready:
                one = key.fileobj
                assert isinstance(one, socket.socket)
                part = one.recv(65536)
                told[one] += part
                if not part or told[one].endswith(b"Z\0\0\0\5I"):
                    selector.unregister(one)
    for reply in told.values():
        assert wire.sqlstates(reply) in ([], ["53300"])
    return list(told.values())


def test_who_would_get_the_last_descriptor_is_told_so(tmp_path: Path) -> None:
    directory = tmp_path / "socket"
    with Serving("--socket-dir", directory, descriptors=FEW_DESCRIPTORS) as serving:
        psycopg.connect(serving.url).close()  # what it needs for the first client it keeps
        path = str(directory / ".s.PGSQL.5432")
        with ExitStack() as stack:
            clients = [
                stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
                for _ in range(FEW_DESCRIPTORS + 10)
            ]
            for client in clients:
                client.connect(path)
                client.sendall(wire.startup(PARAMETERS))
            told = replies(clients)
            assert {"E", "Z"} == {wire.kinds(reply)[-1] for reply in told}
            assert any(b"no file descriptor left" in reply for reply in told)
            first = next(c for c, r in zip(clients, told, strict=True) if r.endswith(b"I"))
            first.sendall(wire.query("SELECT 1"))
            assert wire.rows(first.recv(4096)) == [(b"1",)]
        until(lambda: answers(serving.url))  # those that have left give their descriptors back


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url) as late:
            return late.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError as error:
        if "too many clients" in str(error) or "no file descriptor left" in str(error):
            return False
        raise


def test_clients_are_accepted_where_there_is_no_null_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "devnull", str(tmp_path / "null"))
    with Engine() as engine, Server(engine) as server, Client(server) as client:
        client.log_in()


def test_cancel_requests_by_the_hundred_hit_no_one(server: Server) -> None:
    with Client(server) as busy:
        busy.log_in()
        busy.send(wire.query("SELECT pg_sleep(0.5), 7"))
        for process in range(300):
            with Client(server) as client:
                code = wire.CANCEL_REQUEST_CODE
                client.send(struct.pack("!iiii", 16, code, process, 0))
                assert client.receive() == b""
        assert wire.rows(busy.receive()) == [(b"", b"7")]
