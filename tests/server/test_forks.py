"""Where forks are served: each connection has its own, of the template as it was."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from pglite_native import Engine, SnapshotError
from pglite_native.server import Server
from tests import wire

Connection = psycopg.Connection[tuple[object, ...]]


def connect(server: Server, database: str = "postgres", **options: str) -> Connection:
    return psycopg.connect(server.url_of(database), autocommit=True, **options)  # type: ignore[arg-type]


def test_isolated_connections_share_nothing(server: Server) -> None:
    with connect(server) as one, connect(server) as other:
        one.execute("CREATE TABLE t (a int)")
        with pytest.raises(errors.UndefinedTable):
            other.execute("TABLE t")
        other.execute("CREATE TABLE t (a text)")
    with connect(server) as third, pytest.raises(errors.UndefinedTable):
        third.execute("TABLE t")


def test_a_template_s_rows_are_there_and_its_session_is_not() -> None:
    with Engine() as template:
        for sql in (
            "CREATE TABLE kept AS SELECT 1 AS a",
            "CREATE TEMP TABLE gone (a int)",
            "SET work_mem = '7MB'",
            "PREPARE gone AS SELECT 1",
            "BEGIN",
            "INSERT INTO kept VALUES (2)",
        ):
            assert wire.errors(template.exec_protocol_raw(wire.query(sql))) == []
        with Server(template, shared=False) as server, connect(server) as connection:
            assert connection.execute("TABLE kept").fetchall() == [(1,)]
            assert connection.execute("SHOW work_mem").fetchone() == ("4MB",)
            assert connection.execute("SELECT * FROM pg_prepared_statements").fetchall() == []
            with pytest.raises(errors.UndefinedTable):
                connection.execute("TABLE gone")
        # It continues, in its transaction.
        assert wire.rows(template.exec_protocol_raw(wire.query("TABLE kept"))) == [(b"1",), (b"2",)]


def test_a_snapshot_serves_as_template() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 7 AS a"))
        snapshot = engine.snapshot()
    with Server(snapshot) as server, connect(server) as connection:
        assert connection.execute("TABLE t").fetchone() == (7,)


def test_a_template_in_the_middle_of_copy_is_refused() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t (a int); COPY t FROM STDIN"))
        with pytest.raises(SnapshotError):
            Server(engine, shared=False)


def test_two_hundred_connections(server: Server) -> None:
    connections = [connect(server) for _ in range(200)]
    try:
        for number, connection in enumerate(connections):
            connection.execute(f"CREATE TABLE t AS SELECT {number} AS a")
        seen = [connection.execute("TABLE t").fetchone() for connection in connections]
        assert seen == [(number,) for number in range(200)]
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            connect(server)
    finally:
        for connection in connections:
            connection.close()
