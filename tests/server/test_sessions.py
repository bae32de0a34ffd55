"""A served engine: what its connections have in common, and what each has to itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from pglite_native import Engine
from pglite_native.server import Server
from tests import wire
from tests.server.client import Client

Connection = psycopg.Connection[tuple[object, ...]]
WAIT_S = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Engine() as engine, Server(engine) as server:
        with connect(server) as connection:
            connection.execute("CREATE ROLE clerk LOGIN; CREATE ROLE guest LOGIN")
            connection.execute("CREATE TABLE stock (item text PRIMARY KEY, amount int)")
            connection.execute("GRANT ALL ON stock TO clerk")
        yield server


@pytest.fixture(autouse=True)
def _stock(request: pytest.FixtureRequest) -> None:
    if "pair" in request.fixturenames:
        one, _ = request.getfixturevalue("pair")
        one.execute("TRUNCATE stock; INSERT INTO stock VALUES ('pear', 7)")


def connect(server: Server, database: str = "postgres", **options: str) -> Connection:
    return psycopg.connect(server.url_of(database), autocommit=True, **options)  # type: ignore[arg-type]


@pytest.fixture
def pair(server: Server) -> Iterator[tuple[Connection, Connection]]:
    with connect(server) as one, connect(server) as other:
        yield one, other


def value(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


Pair = tuple[Connection, Connection]


def eventually(holds: object, limit_s: float = WAIT_S) -> bool:
    assert callable(holds)
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_rows_and_tables_are_shared(pair: Pair) -> None:
    one, other = pair
    one.execute("CREATE TABLE made (a int)")
    other.execute("INSERT INTO made VALUES (1)")
    assert value(one, "SELECT a FROM made") == 1
    one.execute("ALTER TABLE made ADD b int DEFAULT 5")
    assert other.execute("TABLE made").fetchall() == [(1, 5)]
    other.execute("DROP TABLE made")
    with pytest.raises(errors.UndefinedTable):
        one.execute("TABLE made")


def test_rows_outlive_their_connection(server: Server, pair: Pair) -> None:
    with connect(server) as third:
        third.execute("UPDATE stock SET amount = 8")
    assert value(pair[0], "SELECT amount FROM stock") == 8


def test_a_rolled_back_transaction_is_seen_by_nobody(pair: Pair) -> None:
    one, other = pair
    with one.transaction():
        one.execute("UPDATE stock SET amount = 0")
        raise psycopg.Rollback
    assert value(other, "SELECT amount FROM stock") == 7


def test_prepared_statements_are_each_one_s_own(pair: Pair) -> None:
    one, other = pair
    one.execute("PREPARE s AS SELECT 'one'")
    other.execute("PREPARE s AS SELECT 'other'")
    assert (value(one, "EXECUTE s"), value(other, "EXECUTE s")) == ("one", "other")
    other.execute("DEALLOCATE s")
    assert value(one, "EXECUTE s") == "one"
    for _ in range(7):  # by the protocol: psycopg prepares, under the same names in both
        for connection, expected in ((one, 7), (other, 7)):
            assert connection.execute(
                "SELECT amount FROM stock WHERE item = %s", ["pear"], prepare=True
            ).fetchone() == (expected,)


def test_portals_are_each_one_s_own(pair: Pair) -> None:
    one, other = pair
    for connection, first in ((one, 1), (other, 11)):
        connection.execute(
            sql.SQL("DECLARE c CURSOR WITH HOLD FOR SELECT generate_series({}, 99)").format(first)
        )
    assert (value(one, "FETCH c"), value(other, "FETCH c")) == (1, 11)
    assert (value(one, "FETCH c"), value(other, "FETCH c")) == (2, 12)
    other.execute("CLOSE c")
    assert value(one, "FETCH c") == 3


def test_settings_are_each_one_s_own(pair: Pair) -> None:
    one, other = pair
    one.execute("SET work_mem = '7MB'; SET search_path = pg_catalog; SET TimeZone = 'Asia/Tokyo'")
    one.execute("SET my.own = 'x'")
    assert value(other, "SHOW work_mem") == "4MB"
    assert value(other, "SHOW search_path") != "pg_catalog"
    assert value(other, "SHOW TimeZone") != "Asia/Tokyo"
    assert value(other, "SELECT current_setting('my.own', true)") is None
    other.execute("TABLE stock")
    with pytest.raises(errors.UndefinedTable):
        one.execute("TABLE stock")
    assert value(one, "SHOW work_mem") == "7MB"


def test_roles_are_each_one_s_own(server: Server, pair: Pair) -> None:
    one, other = pair
    one.execute("SET ROLE guest")
    with pytest.raises(errors.InsufficientPrivilege):
        one.execute("TABLE stock")
    assert value(other, "SELECT current_user") == "postgres"
    with connect(server, user="clerk") as clerk:
        assert value(clerk, "SELECT session_user || current_user") == "clerkclerk"
        with pytest.raises(errors.InsufficientPrivilege):
            clerk.execute("CREATE ROLE more")
    assert value(one, "SELECT current_user") == "guest"


def test_temporary_tables_are_each_one_s_own(pair: Pair) -> None:
    one, other = pair
    one.execute("CREATE TEMP TABLE scratchpad AS SELECT 'one' AS a")
    with pytest.raises(errors.UndefinedTable):
        other.execute("TABLE scratchpad")
    other.execute("CREATE TEMP TABLE scratchpad AS SELECT 'other' AS a")
    assert value(one, "TABLE scratchpad") == "one"
    other.execute("DROP TABLE scratchpad")
    assert value(one, "TABLE scratchpad") == "one"


def test_advisory_locks_are_each_one_s_own(pair: Pair) -> None:
    one, other = pair
    one.execute("SELECT pg_advisory_lock(7)")
    assert value(other, "SELECT pg_try_advisory_lock(7)") is False
    assert value(other, "SELECT pg_advisory_unlock(7)") is False
    assert value(one, "SELECT pg_advisory_unlock(7)") is True
    assert value(other, "SELECT pg_try_advisory_lock(7)") is True
    other.execute("SELECT pg_advisory_unlock_all()")


def test_what_a_connection_had_is_gone_with_it(server: Server, pair: Pair) -> None:
    one, _ = pair
    third = connect(server)
    third.execute("CREATE TEMP TABLE gone (a int)")
    third.execute("SELECT pg_advisory_lock(9)")
    third.execute("LISTEN gone")
    pid = third.info.backend_pid
    assert value(one, "SELECT count(*) FROM pg_class WHERE relname = 'gone'") == 1
    third.close()
    assert eventually(lambda: value(one, "SELECT pg_try_advisory_lock(9)") is True)
    assert value(one, "SELECT count(*) FROM pg_class WHERE relname = 'gone'") == 0
    query = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"
    assert value(one, query) == 0


def test_sessions_are_seen_by_their_process(pair: Pair) -> None:
    one, other = pair
    pids = [value(connection, "SELECT pg_backend_pid()") for connection in pair]
    assert pids == [one.info.backend_pid, other.info.backend_pid] and pids[0] != pids[1]
    seen = {pid for (pid,) in one.execute("SELECT pid FROM pg_stat_activity")}
    assert seen >= set(pids)


def test_login_s_options_are_each_one_s_own(server: Server, pair: Pair) -> None:
    with connect(server, options="-c work_mem=9MB", application_name="mine") as third:
        assert value(third, "SHOW work_mem") == "9MB"
        assert value(third, "SHOW application_name") == "mine"
        third.execute("RESET ALL")
        assert value(third, "SHOW work_mem") == "9MB"
    with connect(server) as fourth:
        assert value(fourth, "SHOW work_mem") == "4MB"
        assert value(fourth, "SHOW application_name") != "mine"


def test_a_refused_login_harms_nobody(server: Server, pair: Pair) -> None:
    for user, database, state in (
        ("nobody", "postgres", "28000"),
        ("postgres", "nothing", "3D000"),
    ):
        with Client(server) as client:
            reply = client.log_in({"user": user, "database": database})
            assert wire.sqlstates(reply) == [state]
            assert client.socket.recv(1) == b""
    assert value(pair[0], "SELECT amount FROM stock") == 7


def test_copy_both_ways(pair: Pair) -> None:
    one, other = pair
    with one.cursor().copy("COPY stock FROM STDIN") as copy:
        for number in range(1000):
            copy.write_row((f"item {number}", number))
    with other.cursor().copy("COPY stock TO STDOUT") as copy:
        assert sum(1 for _ in copy.rows()) == 1001


def test_copy_that_fails_half_way_leaves_the_connection_usable(pair: Pair) -> None:
    one, other = pair
    with pytest.raises(errors.UniqueViolation), one.cursor().copy("COPY stock FROM STDIN") as copy:
        copy.write("pear\t1\n" * 200_000)
    assert value(other, "SELECT count(*) FROM stock") == 1
    assert value(one, "SELECT count(*) FROM stock") == 1


def test_two_hundred_connections() -> None:
    with Engine() as engine, Server(engine) as server:
        connections = [connect(server) for _ in range(200)]
        connections[0].execute("CREATE TABLE t (a int)")
        for number, connection in enumerate(connections):
            connection.execute("INSERT INTO t VALUES (%s)", [number])
            connection.execute(f"SET my.number = {number}".encode())
        seen = {
            value(connection, "SELECT current_setting('my.number')") for connection in connections
        }
        assert seen == {str(number) for number in range(200)}
        assert {value(connection, "SELECT count(*) FROM t") for connection in connections} == {200}
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            connect(server)
        for connection in connections:
            connection.close()


def test_an_engine_is_served_and_goes_on_afterwards() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a"))
        with Server(engine) as server, connect(server) as connection:
            assert value(connection, "SELECT a FROM t") == 1
            connection.execute("UPDATE t SET a = 2")
        reply = engine.exec_protocol_raw(wire.query("SELECT a FROM t"))
        assert wire.rows(reply) == [(b"2",)]


def test_a_snapshot_is_served_without_being_changed() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a"))
        snapshot = engine.snapshot()
    for _ in range(2):
        with Server(snapshot) as server, connect(server) as connection:
            assert value(connection, "SELECT a FROM t") == 1
            connection.execute("UPDATE t SET a = 2")


def test_an_engine_is_its_owner_s_while_it_is_served() -> None:
    """Also in a transaction, which nothing disturbs."""
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a; SET my.own = 'x'"))
        engine.exec_protocol_raw(wire.query("BEGIN"))
        engine.exec_protocol_raw(wire.query("UPDATE t SET a = 2"))
        with Server(engine) as server, connect(server) as connection:
            assert value(connection, "SELECT a FROM t") == 1
            assert value(connection, "SELECT current_setting('my.own', true)") is None
            engine.exec_protocol_raw(wire.query("COMMIT"))
            assert value(connection, "SELECT a FROM t") == 2
        reply = engine.exec_protocol_raw(wire.query("SELECT a, current_setting('my.own') FROM t"))
        assert wire.rows(reply) == [(b"2", b"x")]


def test_scratch_databases_are_forks_of_what_is_served_when_they_are_asked_for() -> None:
    with Engine() as engine, Server(engine) as server:
        with connect(server) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        with connect(server, "scratch_mine") as scratch:
            assert scratch.execute("TABLE t").fetchall() == [(1,)]
            scratch.execute("DROP TABLE t")
        with connect(server) as connection:
            assert connection.execute("TABLE t").fetchall() == [(1,)]
        assert server.drop("scratch_mine")


def test_a_cluster_that_cannot_be_forked_has_no_scratch_databases(tmp_path: Path) -> None:
    with (
        Engine(tmp_path / "data") as engine,
        Server(engine) as server,
        pytest.raises(psycopg.OperationalError, match="cannot be forked"),
    ):
        connect(server, "scratch_mine")
