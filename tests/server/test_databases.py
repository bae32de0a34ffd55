"""Databases of a served cluster: made, connected to and dropped by SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors

from pglite_native import Engine
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def server() -> Iterator[Server]:
    with Engine() as engine, Server(engine) as server:
        yield server


def connect(server: Server, database: str = "postgres", **options: str) -> Connection:
    return psycopg.connect(server.url_of(database), autocommit=True, **options)  # type: ignore[arg-type]


def test_one_that_is_not_there_is_postgresql_s_error(server: Server) -> None:
    with Client(server) as client:
        reply = client.log_in({"user": "postgres", "database": "nothing"})
        assert wire.sqlstates(reply) == ["3D000"]
        assert client.socket.recv(1) == b""


def test_one_that_was_made_can_be_connected_to(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("CREATE DATABASE shop")
        with connect(server, "shop") as one, connect(server, "shop") as other:
            assert one.execute("SELECT current_database()").fetchone() == ("shop",)
            one.execute("CREATE TABLE t AS SELECT 1 AS a")
            assert other.execute("TABLE t").fetchall() == [(1,)]
            assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
            with pytest.raises(errors.ObjectInUse):
                connection.execute("DROP DATABASE shop")
    with connect(server, "shop") as connection:
        assert connection.execute("TABLE t").fetchall() == [(1,)]


@pytest.mark.parametrize("strategy", ["wal_log", "file_copy"])
def test_one_is_made_of_another(server: Server, strategy: str) -> None:
    with connect(server) as connection:
        connection.execute("CREATE DATABASE shop")
        with connect(server, "shop") as shop:
            shop.execute("CREATE TABLE t AS SELECT 1 AS a")
            with pytest.raises(errors.ObjectInUse):
                connection.execute("CREATE DATABASE branch TEMPLATE shop")
        connection.execute(f"CREATE DATABASE branch TEMPLATE shop STRATEGY {strategy}")
    with connect(server, "branch") as branch:
        assert branch.execute("TABLE t").fetchall() == [(1,)]


def test_dropping_one_by_force_ends_its_connections(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("CREATE DATABASE shop")
        with closing(connect(server, "shop")) as shop:
            connection.execute("DROP DATABASE shop WITH (FORCE)")
            with pytest.raises(errors.AdminShutdown):
                shop.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match='database "shop" does not exist'):
        connect(server, "shop")


def test_settings_of_databases_and_roles_count(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("CREATE DATABASE shop")
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("ALTER DATABASE shop SET work_mem = '7MB'")
        connection.execute("ALTER ROLE clerk SET search_path = 'stock'")
        connection.execute("ALTER ROLE clerk IN DATABASE shop SET work_mem = '9MB'")
    for user, shown in (("postgres", "7MB"), ("clerk", "9MB")):
        with connect(server, "shop", user=user) as shop:
            assert shop.execute("SHOW work_mem").fetchone() == (shown,)
    with connect(server, user="clerk") as clerk:
        assert clerk.execute("SHOW search_path").fetchone() == ("stock",)
        assert clerk.execute("SELECT session_user").fetchone() == ("clerk",)


def test_the_user_s_own_is_the_default(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("CREATE DATABASE clerk OWNER clerk")
    with Client(server) as client:
        client.log_in({"user": "clerk"})
        rows = wire.rows(client.query("SELECT current_database(), current_user"))
        assert rows == [(b"clerk", b"clerk")]


def test_one_that_takes_no_connections_refuses_them(server: Server) -> None:
    with Client(server) as client:
        reply = client.log_in({"user": "postgres", "database": "template0"})
        assert wire.sqlstates(reply) == ["55000"]
