"""Connections to a database that is there: each is a session of its own, and all work at once."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from pglite_native import Engine, PGlite, dbapi
from tests import wire
from tests.interrupts import interrupted_after
from tests.waiting import DEADLINE_S, in_thread, until_blocked

CONNECTED = "select count(*) - 1 from pg_stat_activity where backend_type = 'client backend'"


@pytest.fixture
def db() -> Iterator[PGlite]:
    with PGlite() as database:
        database.exec("create table t (id int primary key, n int); insert into t values (1, 0)")
        yield database


@pytest.fixture
def first(db: PGlite) -> Iterator[dbapi.Connection]:
    with dbapi.connect(db) as connection:
        yield connection


@pytest.fixture
def second(db: PGlite) -> Iterator[dbapi.Connection]:
    with dbapi.connect(db) as connection:
        yield connection


def value(connection: dbapi.Connection, sql: str) -> object:
    cursor = connection.cursor()
    cursor.execute(sql)
    ((found,),) = cursor.fetchall()
    return found


def add(connection: dbapi.Connection, row: int = 1) -> object:
    return value(connection, f"update t set n = n + 1 where id = {row} returning n")


def sqlstate(error: BaseException | None) -> str:
    assert isinstance(error, dbapi.OperationalError)
    return str(error.sqlstate)


def test_settings_and_temporary_tables_are_each_ones_own(
    db: PGlite, first: dbapi.Connection, second: dbapi.Connection
) -> None:
    for number, connection in enumerate((first, second)):
        cursor = connection.cursor()
        cursor.execute(f"set work_mem = '{7 + number}MB'")
        cursor.execute(f"create temp table own as select {number} as n")
        connection.commit()
    for number, connection in enumerate((first, second)):
        assert value(connection, "show work_mem") == f"{7 + number}MB"
        assert value(connection, "select n from own") == number
    assert db.query("show work_mem").rows == [{"work_mem": "4MB"}]


def test_transactions_are_open_at_the_same_time(
    db: PGlite, first: dbapi.Connection, second: dbapi.Connection
) -> None:
    first.cursor().execute("insert into t values (2, 0)")
    second.cursor().execute("insert into t values (3, 0)")
    with db.transaction() as transaction:
        assert transaction.query("select count(*) from t").rows == [{"count": 1}]
        first.commit()
        second.rollback()
        assert transaction.query("select id from t").rows == [{"id": 1}, {"id": 2}]


def test_a_row_lock_is_waited_for(
    db: PGlite, first: dbapi.Connection, second: dbapi.Connection
) -> None:
    assert add(first) == 1
    with in_thread(lambda: add(second)) as waiting:
        until_blocked(db)
        first.commit()
        assert waiting.result(DEADLINE_S) == 2


def test_a_deadlock_is_an_operational_error(
    db: PGlite, first: dbapi.Connection, second: dbapi.Connection
) -> None:
    db.exec("insert into t values (2, 0)")
    first.cursor().execute("set deadlock_timeout = '50ms'")
    second.cursor().execute("set deadlock_timeout = '60s'")
    add(first, row=1)
    add(second, row=2)
    with in_thread(lambda: add(second, row=1)) as waiting:
        until_blocked(db)
        with pytest.raises(dbapi.OperationalError) as caught:
            add(first, row=2)
        first.rollback()
        assert waiting.result(DEADLINE_S) == 1
    assert sqlstate(caught.value) == "40P01"


def test_a_serialization_failure_is_an_operational_error(
    first: dbapi.Connection, second: dbapi.Connection
) -> None:
    for connection in (first, second):
        connection.cursor().execute("set transaction isolation level repeatable read")
        assert value(connection, "select n from t") == 0
    add(first)
    first.commit()
    with pytest.raises(dbapi.OperationalError) as caught:
        add(second)
    assert sqlstate(caught.value) == "40001"
    second.rollback()
    assert add(second) == 2


def test_a_wait_is_cancelled_from_another_thread(
    db: PGlite, first: dbapi.Connection, second: dbapi.Connection
) -> None:
    add(first)
    with in_thread(lambda: add(second)) as waiting:
        until_blocked(db)
        second.cancel()
        assert sqlstate(waiting.exception(DEADLINE_S)) == "57014"
    second.rollback()
    assert value(second, "select n from t") == 0


def test_closing_a_connection_that_waits_in_another_thread(
    db: PGlite, first: dbapi.Connection
) -> None:
    second = dbapi.connect(db)
    add(first)
    with in_thread(lambda: add(second)) as waiting:
        until_blocked(db)
        second.close()
        assert isinstance(waiting.exception(DEADLINE_S), dbapi.Error)
    first.commit()
    assert db.query("select n from t").rows == [{"n": 1}]


def test_threads_use_connections_at_the_same_time(db: PGlite) -> None:
    def work() -> None:
        with dbapi.connect(db) as connection:
            for _ in range(25):
                add(connection)
                connection.commit()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert db.query("select n from t").rows == [{"n": 100}]


def test_a_connection_goes_from_thread_to_thread(first: dbapi.Connection) -> None:
    add(first)
    with in_thread(lambda: add(first)) as added:
        assert added.result(DEADLINE_S) == 2
    first.commit()


def test_notifications_of_another_connection_come_with_the_next_statement(
    first: dbapi.Connection, second: dbapi.Connection
) -> None:
    first.cursor().execute("listen jobs")
    first.commit()
    second.cursor().execute("notify jobs, 'one'")
    second.commit()
    first.cursor().execute("")
    assert [told[1:] for told in first.notifications] == [("jobs", "one")]


def test_closing_ends_the_session_and_its_transaction(db: PGlite, first: dbapi.Connection) -> None:
    second = dbapi.connect(db)
    second.cursor().execute("insert into t values (2, 0)")
    assert value(first, CONNECTED) == 2
    first.commit()
    second.close()
    assert value(first, CONNECTED) == 1
    assert value(first, "select count(*) from t") == 1


def test_a_connection_that_is_dropped_leaves_no_session(
    db: PGlite, first: dbapi.Connection
) -> None:
    dropped = dbapi.connect(db)
    dropped.cursor().execute("insert into t values (2, 0)")
    del dropped
    gc.collect()
    assert value(first, CONNECTED) == 1


def test_a_session_that_ends_is_one_of_many(
    first: dbapi.Connection, second: dbapi.Connection
) -> None:
    with pytest.raises(dbapi.OperationalError) as caught:
        value(first, "select pg_terminate_backend(pg_backend_pid())")
    assert sqlstate(caught.value) == "57P01"
    assert add(second) == 1


def test_the_databases_own_transaction_keeps_no_connection_out(db: PGlite) -> None:
    with db.transaction() as transaction:
        transaction.query("insert into t values (2, 0)")
        with dbapi.connect(db) as connection:
            assert value(connection, "select count(*) from t") == 1


def test_an_engine_or_any_session_will_do() -> None:
    with Engine() as engine:
        for session in (engine, engine.open_session()):
            with dbapi.connect(session) as connection:
                connection.cursor().execute("create table if not exists t as select 3 as a")
                connection.commit()
        assert wire.rows(engine.exec_protocol_raw(wire.query("select a from t"))) == [(b"3",)]


def test_a_database_closed_under_its_connection_says_so(
    db: PGlite, first: dbapi.Connection
) -> None:
    db.close()
    with pytest.raises(dbapi.OperationalError, match="closed"):
        value(first, "select 1")
    with pytest.raises(dbapi.OperationalError, match="closed"):
        dbapi.connect(db)


def test_an_interrupt_while_a_connection_waits_leaves_it_usable(
    db: PGlite, first: dbapi.Connection, second: dbapi.Connection
) -> None:
    add(second)
    second.commit()
    add(first)
    with interrupted_after(0.1), pytest.raises(KeyboardInterrupt):
        add(second)
    second.rollback()
    assert value(second, "select n from t") == 1


def test_another_database_and_another_user(db: PGlite) -> None:
    db.exec("create role clerk login")
    db.exec("create database shop")
    with dbapi.connect(db, dbname="shop", user="clerk") as connection:
        who = "select current_database() || ' ' || session_user"
        assert value(connection, who) == "shop clerk"
    with pytest.raises(dbapi.ProgrammingError) as caught:
        dbapi.connect(db, dbname="missing")
    assert caught.value.sqlstate == "3D000"
