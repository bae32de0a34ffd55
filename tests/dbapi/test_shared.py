"""Connections to a database that is the caller's: one session, which they have by turns."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from pglite_native import Engine, PGlite, TransactionError, dbapi
from tests import wire


@pytest.fixture
def db() -> Iterator[PGlite]:
    with PGlite() as database:
        database.exec("create table t (a int)")
        yield database


def test_database_and_connection_see_one_session(db: PGlite) -> None:
    db.exec("create temp table mine as select 7 as a")
    with dbapi.connect(db) as connection:
        cursor = connection.cursor()
        cursor.execute("select a from mine")
        assert cursor.fetchone() == [7]
        cursor.execute("set work_mem = '9MB'")
        connection.commit()
        assert db.query("show work_mem").rows == [{"work_mem": "9MB"}]


def test_closing_rolls_back_and_leaves_the_database_in_order(db: PGlite) -> None:
    with dbapi.connect(db) as connection:
        connection.cursor().execute("insert into t values (1)")
    assert db.query("select * from t").rows == []
    with dbapi.connect(db) as connection, pytest.raises(dbapi.DataError):
        connection.cursor().execute("select 1/0")
    with db.transaction() as transaction:
        transaction.query("insert into t values (2)")
    assert db.query("select * from t").rows == [{"a": 2}]


def test_connections_take_turns_by_the_transaction(db: PGlite) -> None:
    with dbapi.connect(db) as first, dbapi.connect(db, turn_timeout=0.05) as second:
        first.cursor().execute("insert into t values (1)")
        with pytest.raises(dbapi.OperationalError) as caught:
            second.cursor().execute("insert into t values (2)")
        assert caught.value.args[0]["C"] == "55P03"
        second.rollback()  # as one does after an error: it is not the first's
        first.commit()
        second.cursor().execute("insert into t values (3)")
        with pytest.raises(dbapi.OperationalError):
            dbapi.connect(db, turn_timeout=0)
        second.commit()
    assert db.query("select a from t order by a").rows == [{"a": 1}, {"a": 3}]


def test_closing_an_idle_connection_leaves_anothers_transaction_alone(db: PGlite) -> None:
    with dbapi.connect(db) as first:
        with dbapi.connect(db):
            first.cursor().execute("insert into t values (1)")
        first.commit()
    assert db.query("select a from t").rows == [{"a": 1}]


def test_a_turn_may_end_in_another_thread(db: PGlite) -> None:
    with dbapi.connect(db) as first, dbapi.connect(db) as second:
        first.cursor().execute("insert into t values (1)")
        thread = threading.Timer(0.05, first.commit)
        thread.start()
        cursor = second.cursor()
        cursor.execute("select a from t")
        assert cursor.fetchall() == ([1],)
        thread.join()


def test_a_connection_that_is_dropped_gives_its_turn_back(db: PGlite) -> None:
    dropped = dbapi.connect(db)
    dropped.cursor().execute("insert into t values (1)")
    del dropped
    gc.collect()
    with dbapi.connect(db, turn_timeout=0) as connection:
        cursor = connection.cursor()
        cursor.execute("select count(*) from t")
        assert cursor.fetchone() == [0]


def test_a_login_in_the_databases_own_transaction_is_refused(db: PGlite) -> None:
    db.exec("begin")
    with pytest.raises(dbapi.OperationalError, match="a transaction is open"):
        dbapi.connect(db)
    db.exec("insert into t values (1); commit")
    with dbapi.connect(db):
        assert db.query("select * from t").rows == [{"a": 1}]


def test_the_database_knows_of_the_connections_transaction(db: PGlite) -> None:
    with dbapi.connect(db) as connection:
        connection.cursor().execute("insert into t values (1)")
        with pytest.raises(TransactionError, match="while a transaction is open"):
            db.clone()
        with db.transaction() as savepoint:
            savepoint.query("insert into t values (2)")
            savepoint.rollback()
        connection.commit()
    assert db.query("select * from t").rows == [{"a": 1}]


def test_threads_wait_for_each_other(db: PGlite) -> None:
    """Were they not to, the engine would raise EngineBusy."""
    rounds = 200

    def count_by_database() -> None:
        for _ in range(rounds):
            db.query("insert into t values (1)")

    with dbapi.connect(db) as connection:
        connection.autocommit = True
        thread = threading.Thread(target=count_by_database)
        thread.start()
        cursor = connection.cursor()
        for _ in range(rounds):
            cursor.execute("insert into t values (%s)", (2,))
        thread.join()
        cursor.execute("select a, count(*) from t group by a order by a")
        assert cursor.fetchall() == ([1, rounds], [2, rounds])


def test_a_connection_waits_for_another_threads_transaction(db: PGlite) -> None:
    found = []

    def read() -> None:
        with dbapi.connect(db) as connection:
            cursor = connection.cursor()
            cursor.execute("select a from t")
            found.extend(cursor.fetchall())

    with db.transaction() as transaction:
        thread = threading.Thread(target=read)
        thread.start()
        transaction.query("insert into t values (1)")
        thread.join(0.05)
        assert thread.is_alive()
    thread.join()
    assert found == [[1]]


def test_an_engine_will_do() -> None:
    with Engine() as engine:
        with dbapi.connect(engine) as connection:
            connection.cursor().execute("create table t as select 3 as a")
            connection.commit()
        assert wire.rows(engine.exec_protocol_raw(wire.query("select a from t"))) == [(b"3",)]


def test_a_restored_database_goes_on_with_its_connection(db: PGlite) -> None:
    snapshot = db.engine.snapshot()
    with dbapi.connect(db) as connection:
        cursor = connection.cursor()
        cursor.execute("insert into t values (1)")
        connection.commit()
        db.engine.restore(snapshot)
        cursor.execute("select count(*) from t")
        assert cursor.fetchone() == [0]


def test_a_database_closed_under_its_connection_says_so(db: PGlite) -> None:
    with dbapi.connect(db) as connection:
        db.close()
        with pytest.raises(dbapi.OperationalError, match="closed"):
            connection.cursor().execute("select 1")
