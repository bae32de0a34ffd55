"""Scratch databases: forks that stay, each with any number of connections."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors

from pglite_native import Engine, SnapshotError
from pglite_native.server import Server
from pglite_native.server.connection import ClientConnection
from tests import wire
from tests.server.client import Client
from tests.waiting import until

Connection = psycopg.Connection[tuple[object, ...]]


def connect(server: Server, database: str = "postgres", **options: str) -> Connection:
    return psycopg.connect(server.url_of(database), autocommit=True, **options)  # type: ignore[arg-type]


@pytest.fixture
def name(server: Server) -> Iterator[str]:
    """A scratch database's name, dropped after the test."""
    yield "scratch_test"
    server.drop("scratch_test")


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


def test_dropping(server: Server) -> None:
    with connect(server, "scratch_d") as connection:
        connection.execute("CREATE TABLE t (a int)")
    assert server.drop("scratch_d")
    assert not server.drop("scratch_d")
    with connect(server, "scratch_d") as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
    assert server.drop("scratch_d")


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


def test_a_refused_login_leaves_a_scratch_database_as_it_is(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    with Client(server) as client:
        reply = client.log_in({"user": "nobody", "database": name})
        assert wire.sqlstates(reply) == ["28000"]
    with connect(server, name) as connection:
        assert connection.execute("TABLE t").fetchone() == (1,)


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


def test_there_are_not_more_scratch_databases_than_connections() -> None:
    with Server(max_connections=2) as server:
        for name in ("scratch_1", "scratch_2"):
            connect_when_free(server, name).close()
        with pytest.raises(psycopg.OperationalError, match="too many scratch databases"):
            connect_when_free(server, "scratch_3")
        connect_when_free(server, "scratch_1").close()


def connect_when_free(server: Server, database: str) -> Connection:
    """A connection, when the server has seen others leave."""
    while True:
        try:
            return connect(server, database)
        except psycopg.OperationalError as error:
            if "too many clients" not in str(error):
                raise


def test_a_scratch_database_takes_many_connections_at_once(server: Server, name: str) -> None:
    connections = [connect(server, name) for _ in range(20)]
    connections[0].execute("CREATE TABLE t (a int)")
    for number, connection in enumerate(connections):
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (%s)", [number])
        assert connection.execute("TABLE t").fetchall() == [(number,)]
    for connection in connections:
        connection.execute("COMMIT")
    assert connections[0].execute("SELECT count(*) FROM t").fetchone() == (20,)
    for connection in connections:
        connection.close()


def test_many_ask_for_a_new_one_at_once_and_get_the_same(server: Server, name: str) -> None:
    connections: list[Connection] = []

    def work() -> None:
        connections.append(connect(server, name))

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connections[0].execute("CREATE TABLE t AS SELECT 1 AS a")
    assert [connection.execute("TABLE t").fetchall() for connection in connections] == [[(1,)]] * 10
    for connection in connections:
        connection.close()


def test_one_in_use_is_dropped_only_by_force(server: Server, name: str) -> None:
    with connect(server, name) as one, connect(server, name) as other:
        one.execute("CREATE TABLE t (a int)")
        with pytest.raises(ValueError, match="is being accessed by connections"):
            server.drop(name)
        other.execute("BEGIN; LOCK TABLE t")
        assert server.drop(name, force=True)
        for connection in (one, other):
            with pytest.raises(errors.AdminShutdown):
                connection.execute("SELECT 1")
    with connect(server, name) as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)


def test_dropping_by_force_does_not_wait_for_statements(server: Server) -> None:
    with closing(connect(server, "scratch_busy")) as connection:
        connection.pgconn.send_query(b"SELECT pg_sleep(600)")
        time.sleep(0.1)
        began = time.monotonic()
        assert server.drop("scratch_busy", force=True)
        assert time.monotonic() - began < 2


def served() -> int:
    """How many connections' objects there are."""
    gc.collect()
    return sum(type(each) is ClientConnection for each in gc.get_objects())


def test_connections_that_are_ended_leave_nothing(server: Server) -> None:
    before = served()
    for number in range(3):
        with closing(connect(server, f"scratch_{number}")):
            assert server.drop(f"scratch_{number}", force=True)
    until(lambda: served() <= before)


@pytest.mark.parametrize("database", ["postgres", "scratch_a/postgres"])
def test_only_scratch_databases_can_be_written_down_and_dropped(
    server: Server, database: str
) -> None:
    for act in (server.snapshot, server.drop):
        with pytest.raises(ValueError, match="is named scratch_<anything>"):
            act(database)


def test_terminating_one_connection_leaves_the_others_and_the_database(
    server: Server, name: str
) -> None:
    with connect(server, name) as one, connect(server, name) as other:
        one.execute("CREATE TABLE t (a int)")
        with pytest.raises(errors.AdminShutdown):
            one.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert other.execute("TABLE t").fetchall() == []
    with connect(server, name) as third:
        assert third.execute("TABLE t").fetchall() == []


def test_it_is_written_down_in_spite_of_idle_connections(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        connection.execute("CREATE TEMP TABLE gone (a int)")
        with Engine(image=server.snapshot(name)) as engine:
            assert wire.rows(engine.exec_protocol_raw(wire.query("TABLE t"))) == [(b"1",)]
            reply = engine.exec_protocol_raw(wire.query("SELECT to_regclass('gone')"))
            assert wire.rows(reply) == [(None,)]
        assert connection.execute("SELECT to_regclass('gone')").fetchone() == ("gone",)


def test_it_is_not_written_down_in_the_middle_of_a_transaction(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE t (a int)")
        connection.execute("BEGIN; INSERT INTO t VALUES (1)")
        with pytest.raises(SnapshotError):
            server.snapshot(name)
        assert connection.execute("TABLE t").fetchall() == [(1,)]


def test_other_databases_of_its_cluster_are_named_behind_a_slash(server: Server, name: str) -> None:
    with connect(server, name) as connection:
        connection.execute("CREATE DATABASE shop")
    with connect(server, f"{name}/shop") as one, connect(server, f"{name}/shop") as other:
        assert one.execute("SELECT current_database()").fetchone() == ("shop",)
        one.execute("CREATE TABLE t AS SELECT 1 AS a")
        assert other.execute("TABLE t").fetchall() == [(1,)]
    with connect(server, name) as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)


# --- the fork's own session, lent to the first connection -----------------------------------


@pytest.fixture
def lent(server: Server) -> Iterator[tuple[Server, str]]:
    """A server, and the address of a database that lends its session."""
    with Engine() as engine:
        engine.exec_protocol_raw(
            wire.query("create table t as select 1 as a; create role clerk login")
        )
        server.create("scratch_lent", engine.snapshot(), lend_session=True)
    yield server, server.dsn_of("scratch_lent")
    server.drop("scratch_lent", force=True)


def test_a_lent_session_is_a_connection_s_like_any_other(lent: tuple[Server, str]) -> None:
    _, dsn = lent
    with psycopg.connect(dsn, application_name="first") as first, psycopg.connect(dsn) as second:
        names = (
            "select application_name from pg_stat_activity where backend_type = 'client backend'"
        )
        assert sorted(first.execute(names)) == [("",), ("first",)]  # and none besides
        first.execute("insert into t values (2)")
        assert second.execute("select count(*) from t").fetchone() == (1,)
        first.commit()
        assert second.execute("select count(*) from t").fetchone() == (2,)


@pytest.mark.parametrize("goes", ["by_terminate", "without_a_word", "by_another"])
def test_the_end_of_a_lent_session_leaves_nothing(lent: tuple[Server, str], goes: str) -> None:
    server, dsn = lent
    first, second = psycopg.connect(dsn), psycopg.connect(dsn, autocommit=True)
    first.execute("lock t; insert into t values (2)")
    if goes == "by_terminate":
        first.close()
    elif goes == "without_a_word":
        with socket.socket(fileno=os.dup(first.fileno())) as plug:
            plug.shutdown(socket.SHUT_RDWR)
    else:
        second.execute("select pg_terminate_backend(%s)", [first.info.backend_pid])
    assert second.execute("select count(*) from t").fetchone() == (1,)  # waits for the lock
    with psycopg.connect(dsn) as third:
        assert third.execute("select count(*) from t").fetchone() == (1,)
    first.close()
    second.close()
    assert server.drop("scratch_lent")


def test_a_login_that_fails_takes_the_lent_session(lent: tuple[Server, str]) -> None:
    server, _ = lent
    with pytest.raises(psycopg.OperationalError, match='role "nobody" does not exist'):
        psycopg.connect(server.dsn_of("scratch_lent", "nobody"))
    for _ in range(2):
        with psycopg.connect(server.dsn_of("scratch_lent", "clerk")) as connection:
            assert connection.execute("select current_user").fetchone() == ("clerk",)


def test_a_database_whose_session_is_lent_is_not_written_down(lent: tuple[Server, str]) -> None:
    server, dsn = lent
    server.snapshot("scratch_lent")  # it has not been lent yet
    with psycopg.connect(dsn), pytest.raises(SnapshotError, match="has been lent"):
        server.snapshot("scratch_lent")
