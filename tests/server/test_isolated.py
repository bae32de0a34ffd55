"""Isolated mode: who shares what with whom."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from pglite_native import Engine, SnapshotError
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

Connection = psycopg.Connection[tuple[object, ...]]


def connect(server: Server, database: str = "postgres", **options: str) -> Connection:
    return psycopg.connect(server.url_of(database), autocommit=True, **options)  # type: ignore[arg-type]


@pytest.fixture
def name(server: Server) -> Iterator[str]:
    """A scratch database's name, dropped after the test."""
    yield "scratch_test"
    server.drop("scratch_test")


def test_connections_share_nothing(server: Server) -> None:
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
        with Server(template) as server, connect(server) as connection:
            assert connection.execute("TABLE kept").fetchall() == [(1,)]
            assert connection.execute("SHOW work_mem").fetchone() == ("4MB",)
            assert connection.execute("SELECT * FROM pg_prepared_statements").fetchall() == []
            with pytest.raises(errors.UndefinedTable):
                connection.execute("TABLE gone")
        # It goes on, in its transaction.
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
            Server(engine)


def test_a_scratch_database_outlives_its_connection(server: Server, name: str) -> None:
    for count in range(1, 4):
        with connect(server, name) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (a int)")
            connection.execute("INSERT INTO t VALUES (1)")
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (count,)


def test_a_scratch_database_s_sessions_share_no_state(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE t (a int)")
        connection.execute("CREATE TEMP TABLE gone (a int)")
        connection.execute("SET search_path = pg_catalog")
        connection.execute("LISTEN news")
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute("PREPARE gone AS SELECT 1")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO public.t VALUES (1)")
        connection.close()  # without COMMIT, which leaving a `with` would send
    with connect(server, name) as connection:
        assert connection.execute("TABLE t").fetchall() == []
        assert connection.execute("SELECT to_regclass('gone')").fetchone() == (None,)
        assert connection.execute("SELECT pg_listening_channels()").fetchall() == []
        held = connection.execute("SELECT * FROM pg_locks WHERE locktype = 'advisory'")
        assert held.fetchall() == []


def test_scratch_databases_do_not_see_each_other(server: Server, name: str) -> None:
    with connect(server, name) as one, connect(server, "scratch_other") as other:
        one.execute("CREATE TABLE t (a int)")
        assert other.execute("SELECT to_regclass('t')").fetchone() == (None,)
    assert server.drop("scratch_other")


def test_a_scratch_database_in_use_is_refused(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        with pytest.raises(psycopg.OperationalError, match="is being accessed by another"):
            connect(server, name)
        with pytest.raises(ValueError, match="is being accessed by another"):
            server.drop(name)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with Client(server) as client, connect(server, name):
        reply = client.log_in({"user": "postgres", "database": name})
        assert wire.sqlstates(reply) == ["55006"]


def test_a_client_that_reconnects_at_once_waits_for_itself(server: Server, name: str) -> None:
    for _ in range(20):
        connect(server, name).close()


def test_dropping(server: Server) -> None:
    with connect(server, "scratch_d") as connection:
        connection.execute("CREATE TABLE t (a int)")
    assert server.drop("scratch_d")
    assert not server.drop("scratch_d")
    with connect(server, "scratch_d") as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
    assert server.drop("scratch_d")


def test_dropping_by_force_ends_the_connection(server: Server, name: str) -> None:
    connection = connect(server, name)
    connection.execute("CREATE TABLE t (a int)")
    assert server.drop(name, force=True)
    with pytest.raises(errors.AdminShutdown):
        connection.execute("SELECT 1")
    with connect(server, name) as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)


def test_a_scratch_database_may_have_a_template_of_its_own(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS a")
    template = server.snapshot(name)
    server.create("scratch_fork", template)
    with pytest.raises(ValueError, match="already exists"):
        server.create("scratch_fork", template)
    with connect(server, "scratch_fork") as connection:
        connection.execute("INSERT INTO t VALUES (8)")
    with connect(server, name) as connection:
        assert connection.execute("TABLE t").fetchall() == [(7,)]
    with connect(server, "scratch_fork") as connection:
        assert connection.execute("TABLE t").fetchall() == [(7,), (8,)]
    assert server.drop("scratch_fork")
    with connect(server, "scratch_fork") as connection:  # the server's template again
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
    assert server.drop("scratch_fork")


def test_a_scratch_database_is_written_down_between_its_connections(
    server: Server, name: str
) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE t (a int)")
        connection.execute("BEGIN; INSERT INTO t VALUES (1)")
        with pytest.raises(ValueError, match="is being accessed by another"):
            server.snapshot(name)
        with Engine(image=server.snapshot(name, in_use=True)) as engine:
            assert wire.rows(engine.exec_protocol_raw(wire.query("TABLE t"))) == [(b"1",)]
    with pytest.raises(ValueError, match="not 'postgres'"):
        server.snapshot("postgres")


def test_a_refused_login_leaves_a_scratch_database_as_it_is(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    with Client(server) as client:
        reply = client.log_in({"user": "nobody", "database": name})
        assert wire.sqlstates(reply) == ["28000"]
    with connect(server, name) as connection:
        assert connection.execute("TABLE t").fetchone() == (1,)


def test_a_session_that_is_terminated_takes_its_scratch_database_along(server: Server) -> None:
    with connect(server, "scratch_t") as connection:
        connection.execute("CREATE TABLE t (a int)")
        with pytest.raises(errors.AdminShutdown):
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with connect(server, "scratch_t") as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)


ABANDONED = {
    "in a query": wire.query("DELETE FROM t WHERE a = 2")[:20],
    "before a query's last byte": wire.query("DELETE FROM t")[:-1],
    "in a header": wire.query("DELETE FROM t")[:3],
    "in copy": wire.query("COPY t FROM STDIN") + wire.copy_data(b"7\n8\n"),
    "in copy data": wire.query("COPY t FROM STDIN") + wire.copy_data(b"7\n" * 9)[:-5],
    "in huge copy data": wire.query("COPY t FROM STDIN") + b"d\x00\x10\x00\x00" + b"7\n" * 9,
    "in a pipeline": wire.parse("", "DELETE FROM t") + wire.bind("", "") + wire.execute(),
    "in a failed pipeline": wire.parse("", "SELECT 1/0") + wire.bind("", "") + wire.execute(),
    "in bind": wire.parse("s", "DELETE FROM t") + wire.bind("", "s")[:-1],
    "in a failed transaction": wire.query("BEGIN; DELETE FROM t; SELECT 1/0"),
}


@pytest.mark.parametrize("data", ABANDONED.values(), ids=ABANDONED)
def test_vanishing_undoes_what_was_not_committed(server: Server, name: str, data: bytes) -> None:
    with Client(server) as client:
        client.log_in({"user": "postgres", "database": name})
        client.query("CREATE TABLE t AS SELECT generate_series(1, 3) AS a")
        client.send(data)
        threading.Event().wait(0.05)  # most often the server has it by then
    with connect(server, name) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,), (2,), (3,)]


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


def test_there_are_not_more_scratch_databases_than_connections() -> None:
    with Server(max_connections=2) as server:
        connect(server, "scratch_1").close()
        connect(server, "scratch_2").close()
        with pytest.raises(psycopg.OperationalError, match="too many scratch databases"):
            connect(server, "scratch_3")
        connect(server, "scratch_1").close()
