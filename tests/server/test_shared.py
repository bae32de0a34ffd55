"""Shared mode: what connections have in common, and what each has for itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

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
    with Server(shared=True, turn_timeout=WAIT_S) as server:
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


def test_transactions_come_one_after_the_other(server: Server, pair: Pair) -> None:
    """Read and write back, without any lock: with interleaving, updates would be lost."""

    def run() -> None:
        with connect(server) as connection:
            for _ in range(20):
                with connection.transaction():
                    amount = value(connection, "SELECT amount FROM stock")
                    connection.execute("UPDATE stock SET amount = %s + 1", [amount])

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(pair[0], "SELECT amount FROM stock") == 107


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


def test_waiting_for_an_idle_session_s_lock_is_an_error_and_no_hang(pair: Pair) -> None:
    one, other = pair
    one.execute("SELECT pg_advisory_lock(8)")
    with pytest.raises(errors.LockNotAvailable):
        other.execute("SELECT pg_advisory_lock(8)")
    one.execute("SELECT pg_advisory_unlock(8)")
    other.execute("SELECT pg_advisory_lock(8)")


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


# --- notifications ---------------------------------------------------------------------------


def eventually(holds: object, limit_s: float = WAIT_S) -> bool:
    assert callable(holds)
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_an_idle_listener_hears_at_once(pair: Pair) -> None:
    one, other = pair
    one.execute("LISTEN news")
    began = time.monotonic()
    other.execute("NOTIFY news, 'extra'")
    (heard,) = one.notifies(timeout=WAIT_S, stop_after=1)
    assert time.monotonic() - began < 2
    assert (heard.channel, heard.payload, heard.pid) == ("news", "extra", other.info.backend_pid)
    one.execute("UNLISTEN *")
    other.execute("NOTIFY news, 'missed'")
    assert list(one.notifies(timeout=0.2)) == []


def test_a_notification_comes_when_its_transaction_commits(pair: Pair) -> None:
    one, other = pair
    one.execute("LISTEN news")
    with other.transaction():
        other.execute("NOTIFY news, 'late'")
        assert list(one.notifies(timeout=0.2)) == []
    (heard,) = one.notifies(timeout=WAIT_S, stop_after=1)
    assert heard.payload == "late"
    with other.transaction():
        other.execute("NOTIFY news, 'never'")
        raise psycopg.Rollback
    assert list(one.notifies(timeout=0.2)) == []


def test_every_listener_hears_and_nobody_else(server: Server) -> None:
    connections = [connect(server) for _ in range(10)]
    for connection in connections[::2]:
        connection.execute("LISTEN news")
    connections[0].execute("SELECT pg_notify('news', g::text) FROM generate_series(1, 50) g")
    for connection in connections[::2]:
        heard = [item.payload for item in connection.notifies(timeout=WAIT_S, stop_after=50)]
        assert heard == [str(number) for number in range(1, 51)]
    for connection in connections[1::2]:
        assert list(connection.notifies(timeout=0)) == []
    for connection in connections:
        connection.close()


def test_a_listener_in_a_transaction_hears_at_its_end(pair: Pair, server: Server) -> None:
    one, other = pair
    one.execute("LISTEN news")
    other.execute("BEGIN")
    other.execute("NOTIFY news, 'x'")
    one_thread = threading.Thread(target=lambda: one.execute("SELECT 1"))  # waits for other
    one_thread.start()
    time.sleep(0.1)
    other.execute("COMMIT")
    one_thread.join(WAIT_S)
    (heard,) = one.notifies(timeout=WAIT_S, stop_after=1)
    assert heard.payload == "x"


def test_a_listener_that_does_not_read_keeps_nobody_waiting(server: Server) -> None:
    with Client(server) as deaf, connect(server) as speaker:
        deaf.log_in()
        deaf.query("LISTEN news")
        began = time.monotonic()
        for _ in range(100):
            speaker.execute(
                "SELECT pg_notify('news', g || repeat('x', 7000)) FROM generate_series(1, 10) g"
            )
        assert time.monotonic() - began < WAIT_S
        heard = 0
        buffered = b""
        while heard < 1000:
            buffered += deaf.socket.recv(1 << 20)
            splitter = wire.Splitter()
            heard = sum(1 for item in splitter.feed(buffered) if item.kind == "A")


# --- ends ------------------------------------------------------------------------------------


def test_terminating_a_session_ends_that_one_alone(pair: Pair, server: Server) -> None:
    one, other = pair
    with connect(server) as third:
        pid = third.info.backend_pid
        assert value(one, f"SELECT pg_terminate_backend({pid})") is True
        with pytest.raises(errors.AdminShutdown):
            third.execute("SELECT 1")
        assert third.closed
    assert value(other, f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == 0


def test_an_idle_session_is_told_of_its_end_at_once(pair: Pair, server: Server) -> None:
    with Client(server) as client:
        reply = client.log_in()
        (key,) = [payload for kind, payload in wire.split(reply) if kind == "K"]
        pid = int.from_bytes(key[:4], "big")
        pair[0].execute(f"SELECT pg_terminate_backend({pid})".encode())
        assert wire.sqlstates(client.receive()) == ["57P01"]
        assert client.socket.recv(1) == b""


def test_terminating_oneself(pair: Pair, server: Server) -> None:
    with connect(server) as third, pytest.raises(errors.AdminShutdown):
        third.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert value(pair[0], "SELECT 1") == 1


def test_being_idle_in_a_transaction_is_ended_by_its_timeout(pair: Pair, server: Server) -> None:
    one, _ = pair
    with connect(server) as third:
        third.execute("SET idle_in_transaction_session_timeout = '500ms'")
        third.execute("BEGIN")
        third.execute("DELETE FROM stock")
        assert value(one, "SELECT amount FROM stock") == 7  # waits, and no longer
        with pytest.raises(errors.IdleInTransactionSessionTimeout):
            third.execute("SELECT 1")


def test_timeouts_are_each_one_s_own(pair: Pair) -> None:
    one, other = pair
    one.execute("SET statement_timeout = '100ms'")
    other.execute("SELECT pg_sleep(0.3)")
    with pytest.raises(errors.QueryCanceled):
        one.execute("SELECT pg_sleep(60)")
    other.execute("SELECT pg_sleep(0.3)")


def test_two_hundred_connections() -> None:
    with Server(shared=True) as server:
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


# --- what is served --------------------------------------------------------------------------


def test_an_engine_is_served_and_goes_on_afterwards() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a"))
        with Server(engine, shared=True) as server, connect(server) as connection:
            assert value(connection, "SELECT a FROM t") == 1
            connection.execute("UPDATE t SET a = 2")
        reply = engine.exec_protocol_raw(wire.query("SELECT a FROM t"))
        assert wire.rows(reply) == [(b"2",)]


def test_a_snapshot_is_served_without_being_changed() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a"))
        snapshot = engine.snapshot()
    for _ in range(2):
        with Server(snapshot, shared=True) as server, connect(server) as connection:
            assert value(connection, "SELECT a FROM t") == 1
            connection.execute("UPDATE t SET a = 2")


def test_an_engine_in_a_transaction_is_not_served() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("BEGIN"))
        with pytest.raises(ValueError, match="in a transaction"):
            Server(engine, shared=True)


def test_scratch_databases_are_forks_of_what_was_served_first() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("CREATE TABLE t AS SELECT 1 AS a"))
        with Server(engine, shared=True) as served:
            with connect(served) as connection:
                connection.execute("INSERT INTO t VALUES (2)")
            with connect(served, "scratch_mine") as scratch:
                assert scratch.execute("TABLE t").fetchall() == [(1,)]
                scratch.execute("DROP TABLE t")
            with connect(served) as connection:
                assert connection.execute("TABLE t").fetchall() == [(1,), (2,)]
            assert served.drop("scratch_mine")
