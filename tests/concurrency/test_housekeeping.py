"""Autovacuum: by PostgreSQL's thresholds, in all databases, and not when nothing has changed."""

from __future__ import annotations

import random
import time

import pytest

from pglite_native import Engine, Session
from tests.concurrency.test_bad_day import until
from tests.engine.sql import run, value

NAPTIME_S = 1
OFTEN = {"autovacuum_naptime": f"{NAPTIME_S}s"}
ANALYZED = "SELECT autoanalyze_count > 0 FROM pg_stat_user_tables WHERE relname = 't'"
VACUUMED = "SELECT autovacuum_count > 0 FROM pg_stat_user_tables WHERE relname = 't'"
ROWS = "CREATE TABLE t AS SELECT n, 'x' AS s FROM generate_series(1, 5000) n"


def until_it_says(session: Session, question: str) -> None:
    until(lambda: value(session, question) == "t", question)


def processes_begun(engine: Engine) -> int:
    """How many processes the cluster has ever had, which their numbers count."""
    with engine.open_session() as session:
        return session.pid


def until_it_rests(engine: Engine) -> None:
    """Until a whole naptime has passed in which no process was begun but the one that asks."""

    def rests() -> bool:
        before = processes_begun(engine)
        time.sleep(1.5 * NAPTIME_S)
        return processes_begun(engine) == before + 1

    until(rests, "autovacuum does not come to rest")


def test_a_changed_table_is_analyzed_and_vacuumed() -> None:
    with Engine(settings=OFTEN) as engine:
        run(engine, ROWS)
        until_it_says(engine, ANALYZED)
        run(engine, "DELETE FROM t WHERE n % 2 = 0")
        until_it_says(engine, VACUUMED)
        assert value(engine, "SELECT n_dead_tup FROM pg_stat_user_tables") == "0"


def test_in_every_database_of_the_cluster() -> None:
    with Engine(settings=OFTEN) as engine:
        for name in ("one", "two", "three"):
            run(engine, f"CREATE DATABASE {name}")
        sessions = [engine, *(engine.open_session(name) for name in ("one", "two", "three"))]
        for session in sessions:
            run(session, ROWS)
        for session in sessions:
            until_it_says(session, ANALYZED)


@pytest.mark.parametrize("names", [(), ("one", "two")], ids=["one database", "several"])
def test_it_rests_until_something_changes(names: tuple[str, ...]) -> None:
    with Engine(settings=OFTEN) as engine:
        for name in names:
            run(engine, f"CREATE DATABASE {name}")
            run(engine.open_session(name), ROWS)
        run(engine, ROWS)
        until_it_says(engine, ANALYZED)
        until_it_rests(engine)
        run(engine, "DELETE FROM t WHERE n % 2 = 0")
        until_it_says(engine, VACUUMED)


def test_it_can_be_off() -> None:
    with Engine(settings={**OFTEN, "autovacuum": "off"}) as engine:
        before = processes_begun(engine)
        run(engine, ROWS)
        time.sleep(2.5 * NAPTIME_S)
        assert processes_begun(engine) == before + 1
        assert value(engine, "SELECT autoanalyze_count FROM pg_stat_user_tables") == "0"


@pytest.mark.parametrize("gap_s", [0.0, 0.3])
def test_statistics_of_an_idle_session_arrive(gap_s: float) -> None:
    """Some ten seconds after its last statement, whatever it has reported before."""
    with Engine(settings={"autovacuum": "off"}) as engine, engine.open_session() as session:
        run(engine, "CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n")
        for _ in range(3):
            run(session, "UPDATE t SET n = n + 1")
            time.sleep(gap_s)
        until_it_says(engine, "SELECT n_tup_upd = 300 FROM pg_stat_user_tables")


def test_a_table_that_is_updated_all_the_time_does_not_grow() -> None:
    settings = {**OFTEN, "autovacuum_vacuum_cost_delay": "0"}
    with Engine(settings=settings) as engine, engine.open_session() as session:
        run(engine, ROWS)
        size = "SELECT pg_relation_size('t')"
        run(session, "UPDATE t SET n = n + 1")
        twice = int(value(engine, size) or 0)
        for _ in range(4):
            vacuumed = value(engine, "SELECT autovacuum_count FROM pg_stat_user_tables")
            run(session, "UPDATE t SET n = n + 1")
            time.sleep(1.0)
            run(session, "SELECT 1")  # a second after its last report it makes another
            until_it_says(engine, VACUUMED.replace("> 0", f"> {vacuumed}"))
        assert int(value(engine, size) or 0) <= 1.5 * twice


@pytest.mark.long
def test_an_engine_is_closed_forked_and_restored_in_the_middle_of_it() -> None:
    chance = random.Random(0)
    with Engine(settings=OFTEN) as original:
        run(original, ROWS)
        snapshot = original.snapshot()
        for number in range(8):
            with original.fork() as engine, engine.open_session() as session:
                run(session, "UPDATE t SET n = n + 1")
                deadline = time.monotonic() + NAPTIME_S + chance.random() * 0.05
                while time.monotonic() < deadline:
                    run(engine, "UPDATE t SET s = s WHERE n = 1")
                if number % 3 == 1:
                    with engine.fork() as copy:
                        assert value(copy, "SELECT count(*) FROM t") == "5000"
                if number % 3 == 2:
                    engine.restore(snapshot)
                    assert value(engine, "SELECT min(n) FROM t") == "1"
