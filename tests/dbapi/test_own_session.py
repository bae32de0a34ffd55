"""Connections with sessions of their own: what one sets or makes for itself, no other sees."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import text

from pglite_native import Engine, PGlite, SnapshotError, dbapi
from pglite_native.sqlalchemy import create_engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def connect(engine: Engine, **options: Any) -> dbapi.Connection:
    return dbapi.connect(engine, own_session=True, **options)


def value(connection: dbapi.Connection, sql: str) -> object:
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor.fetchone()[0]


def test_settings_and_temporary_tables_stay_apart(engine: Engine) -> None:
    with connect(engine) as first, connect(engine) as second:
        for number, connection in enumerate((first, second)):
            cursor = connection.cursor()
            cursor.execute(f"set work_mem = '{7 + number}MB'")
            cursor.execute(f"create temp table mine as select {number} as n")
            connection.commit()
        for number, connection in enumerate((first, second)):
            assert value(connection, "show work_mem") == f"{7 + number}MB"
            assert value(connection, "select n from mine") == number
            connection.commit()


def test_tables_are_everybodys(engine: Engine) -> None:
    with connect(engine) as first, connect(engine) as second:
        first.cursor().execute("create table t as select 1 as a")
        first.commit()
        assert value(second, "select a from t") == 1
        second.rollback()


def test_turns_are_by_the_transaction(engine: Engine) -> None:
    with connect(engine) as first, connect(engine, turn_timeout=0.05) as second:
        first.cursor().execute("create table t (a int)")
        with pytest.raises(dbapi.OperationalError) as caught:
            second.cursor().execute("select 1")
        assert caught.value.args[0]["C"] == "55P03"
        first.rollback()
        assert value(second, "select to_regclass('t')") is None


def test_a_session_that_ends_is_one_of_many(engine: Engine) -> None:
    with connect(engine) as first, connect(engine) as second:
        with pytest.raises(dbapi.OperationalError):
            first.cursor().execute("select pg_terminate_backend(pg_backend_pid())")
        assert value(second, "select 1") == 1


def test_closing_ends_the_session_also_in_anothers_transaction(engine: Engine) -> None:
    count = "select count(*) from pg_stat_activity where backend_type = 'client backend'"
    with connect(engine) as first:
        second, third = connect(engine), connect(engine)
        third.cursor().execute("create table t ()")
        third.close()
        assert value(first, count) == 2
        second.close()  # now it is the first's turn: the session ends after it
        first.commit()
        assert value(first, count) == 1
        assert value(first, "select to_regclass('t')") is None
    with engine.fork():
        pass


def test_a_connection_that_is_dropped_leaves_no_session(engine: Engine) -> None:
    dropped = connect(engine)
    dropped.cursor().execute("select 1")
    with pytest.raises(SnapshotError, match="open sessions"):
        engine.fork()
    del dropped
    gc.collect()
    with engine.fork():
        pass


def test_a_pglite_has_its_session() -> None:
    with PGlite() as db, pytest.raises(ValueError, match="shares its session"):
        dbapi.connect(db, own_session=True)


@pytest.fixture(params=["memory", "directory"])
def pool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    made = create_engine(tmp_path / "data" if request.param == "directory" else None)
    yield made
    made.dispose()


def test_an_engines_own_database_has_a_session_for_each_connection(
    pool: sqlalchemy.Engine,
) -> None:
    with pool.connect() as first, pool.connect() as second:
        first.execute(text("set work_mem = '9MB'"))
        first.commit()
        assert second.scalar(text("show work_mem")) == "4MB"


def test_threads_have_their_turns(pool: sqlalchemy.Engine) -> None:
    """Each reads, then writes: were transactions to run at once, numbers would be lost."""

    def count() -> None:
        for _ in range(20):
            with pool.begin() as connection:
                number = connection.scalar(text("select n from counter"))
                connection.execute(text("update counter set n = :n"), {"n": number + 1})

    with pool.begin() as connection:
        connection.execute(text("create table counter as select 0 as n"))
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pool.connect() as connection:
        assert connection.scalar(text("select n from counter")) == 80
