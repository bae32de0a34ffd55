"""Where clients are, as PostgreSQL shows it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import psycopg
import pytest

from pglite_native import Engine
from pglite_native.server import Server

OWN = """
    SELECT host(client_addr), client_port, host(inet_client_addr()), inet_client_port()
    FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(settings={"log_line_prefix": "%h|%r|"}) as engine:
        yield engine


def log(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute("DO $$ BEGIN RAISE LOG 'here'; END $$")


def test_on_the_unix_socket_there_is_no_address(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        Server(engine) as server,
        caplog.at_level(logging.INFO),
        psycopg.connect(server.dsn) as connection,
    ):
        assert connection.execute(OWN).fetchone() == (None, -1, None, None)
        log(connection)
    assert "[local]|[local]|LOG:  here" in caplog.text


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("shared", [True, False], ids=["served", "forked"])
def test_by_tcp_it_is_the_client_s(
    engine: Engine, caplog: pytest.LogCaptureFixture, host: str, shared: bool
) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with (
        Server(engine, shared=shared, host=host, trust=True) as server,
        caplog.at_level(logging.INFO),
        psycopg.connect(server.dsn) as connection,
    ):
        with socket.socket(fileno=connection.fileno()) as client:
            port = client.getsockname()[1]
            client.detach()
        assert connection.execute(OWN).fetchone() == (host, port, host, port)
        log(connection)
    assert f"{host}|{host}({port})|LOG:  here" in caplog.text


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_sessions_in_process_have_none(engine: Engine) -> None:
    with engine.open_session() as session, engine.open_session(user="postgres") as other:
        for one in (session, other, engine):
            reply = one.exec_protocol_raw(b"Q\0\0\0\x1eSELECT inet_client_addr()\0")
            assert b"D\0\0\0\x0a\0\1\xff\xff\xff\xff" in reply
