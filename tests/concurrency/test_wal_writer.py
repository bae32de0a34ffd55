"""Commits that do not wait for their WAL: PostgreSQL promises it within three wal_writer_delay."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pglite_native import Engine, Session
from tests.concurrency.test_bad_day import until
from tests.engine import child
from tests.engine.sql import run, value

DELAY = 0.2  # seconds, PostgreSQL's default
IS_WRITTEN = "select pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()"
WRITERS = "select count(*) from pg_stat_activity where backend_type = 'walwriter'"

ASYNCHRONOUS = [
    "insert into t values (1)",
    "select nextval('s')",
    "begin; insert into t values (2); rollback",
    "create table u as select 1; drop table u",
]


def is_written(session: Session) -> bool:
    return value(session, IS_WRITTEN) == "t"


@pytest.fixture
def place(ram_path: Path) -> Path:
    with Engine(ram_path / "data") as engine:
        run(engine, "create table t(n int); create sequence s")
    return ram_path / "data"


def open_asynchronous(place: Path) -> Engine:
    return Engine(place, settings={"synchronous_commit": "off", "autovacuum": "off"})


@pytest.mark.parametrize("sql", ASYNCHRONOUS)
def test_it_is_written_without_a_call(place: Path, sql: str) -> None:
    with open_asynchronous(place) as engine:
        run(engine, sql)
        time.sleep(3 * DELAY + 0.2)
        assert is_written(engine)


def test_it_is_written_while_the_session_computes(place: Path) -> None:
    with open_asynchronous(place) as engine, engine.open_session() as other:
        run(other, "insert into t values (1)")
        run(
            engine,
            "do $$ declare start timestamptz := clock_timestamp(); begin"
            " while clock_timestamp() < start + interval '0.8 s' loop end loop; end $$",
        )
        assert is_written(engine)


def test_again_and_by_other_sessions(place: Path) -> None:
    with open_asynchronous(place) as engine, engine.open_session() as other:
        for session in (engine, other, engine):
            run(session, "insert into t values (1)")
            until(lambda: is_written(engine), "it is not written")
        assert value(engine, WRITERS) == "1"


def test_a_slot_is_made_while_transactions_run(place: Path) -> None:
    """Who makes one waits for the transaction, then for WAL that only the writer writes."""
    blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    settings = {"wal_level": "logical", "autovacuum": "off", "statement_timeout": "60s"}
    with (
        Engine(place, settings=settings) as engine,
        engine.open_session() as maker,
        engine.open_session() as watcher,
        ThreadPoolExecutor() as pool,
    ):
        run(engine, "begin; insert into t values (1)")
        made = pool.submit(
            value,
            maker,
            "select slot_name from pg_create_logical_replication_slot('s', 'pgoutput')",
        )
        until(lambda: value(watcher, blocked) == "1", "it does not wait for the transaction")
        run(engine, "commit")
        assert made.result() == "s"


def test_where_there_is_nothing_to_write_it_sleeps(place: Path) -> None:
    def wake_ups() -> int:
        tasks = Path("/proc/self/task").glob("*/status")
        lines = [line for task in tasks for line in task.read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))

    with open_asynchronous(place) as engine:
        run(engine, "insert into t values (1)")
        until(lambda: is_written(engine), "it is not written")
        time.sleep(2 * DELAY)
        before = wake_ups()
        time.sleep(5 * DELAY)
        assert wake_ups() - before <= 2  # this thread's


def test_there_is_none_before_it_is_needed(place: Path) -> None:
    with Engine(place) as engine:
        run(engine, "insert into t values (1)")
        time.sleep(2 * DELAY)
        assert value(engine, WRITERS) == "0"
    with Engine(settings={"synchronous_commit": "off"}) as engine:
        run(engine, "create table t(n int)")
        time.sleep(2 * DELAY)
        assert value(engine, WRITERS) == "0"  # memory is lost with the process


def test_copies_and_closing_wait_for_it(place: Path) -> None:
    with open_asynchronous(place) as engine:
        run(engine, "insert into t values (1)")
        until(lambda: value(engine, WRITERS) == "1", "there is none")
        run(engine, "insert into t values (1)")
        with engine.copy_to_memory() as copy:
            assert value(copy, "select count(*) from t") == "2"
        run(engine, "insert into t values (1)")
        until(lambda: is_written(engine), "another was not begun")
        run(engine, "insert into t values (1)")
    with Engine(place) as engine:
        assert value(engine, "select count(*) from t") == "4"


KILLED = """
import os, signal, sys, time
from pglite_native import Engine
from tests.engine.sql import run

engine = Engine(sys.argv[1], settings={"synchronous_commit": "off"})
run(engine, "insert into t values (1)")
time.sleep(0.8)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_survives_a_kill(place: Path) -> None:
    with pytest.raises(AssertionError):
        child.output(KILLED, place)
    with Engine(place) as engine:
        assert value(engine, "select count(*) from t") == "1"
