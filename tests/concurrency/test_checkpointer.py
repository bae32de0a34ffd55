"""Checkpoints that no client asks for, and none waits for."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from pglite_native import Engine, Session
from tests.concurrency.test_bad_day import until
from tests.engine.sql import run, value
from tests.engine.test_datadir import printed_until_killed

MIB = 1 << 20
DUE = 64 * MIB  # csrc/engine/instance/limits.h

# Some 8 MiB of WAL and nothing else; a dozen of them make a checkpoint due.
WRITE = "SELECT pg_logical_emit_message(true, 'test', repeat('x', 8000000))"
DOZEN = range(12)
BULK = (
    f"DO $$ BEGIN FOR i IN 1..24 LOOP PERFORM pg_sleep(0.01); PERFORM {WRITE[7:]}; END LOOP; END $$"
)
COUNTS = ("num_timed", "num_requested", "num_done", "buffers_written", "write_time", "sync_time")


def counts(session: Session) -> dict[str, float]:
    ((*found,),) = run(session, f"SELECT {', '.join(COUNTS)} FROM pg_stat_checkpointer")
    return {name: float(number or 0) for name, number in zip(COUNTS, found, strict=True)}


def done(session: Session) -> float:
    return counts(session)["num_done"]


def until_done(session: Session, number: float) -> None:
    until(lambda: done(session) >= number, f"there is no checkpoint {number}")


def wal_size(session: Session) -> int:
    return int(value(session, "SELECT sum(size) FROM pg_ls_waldir()") or 0)


@pytest.fixture(params=[False, True], ids=["memory", "directory"])
def place(request: pytest.FixtureRequest, ram_path: Path) -> Path | None:
    return ram_path / "data" if request.param else None


def test_what_it_does_is_counted(place: Path | None) -> None:
    with Engine(place) as engine:
        run(engine, "CREATE TABLE t AS SELECT n FROM generate_series(1, 20000) n")
        before = counts(engine)
        for _ in DOZEN:
            run(engine, WRITE)
        until_done(engine, before["num_done"] + 1)
        after = counts(engine)
        assert after["num_requested"] > before["num_requested"]
        assert after["num_timed"] == before["num_timed"]
        assert after["buffers_written"] - before["buffers_written"] >= 80
        assert value(engine, "SELECT count(*) FROM pg_stat_wal WHERE wal_bytes > 0") == "1"
        written = "SELECT sum(writes) > 0 FROM pg_stat_io WHERE backend_type = 'checkpointer'"
        until(lambda: value(engine, written) == "t", written)


def test_the_wal_does_not_grow_within_a_statement(place: Path | None) -> None:
    """Which has a transaction, as have statements of others."""
    with Engine(place) as engine, engine.open_session() as other:
        run(other, "BEGIN; CREATE TABLE t(n int)")
        before = done(engine)
        run(engine, BULK)
        assert done(engine) > before
        assert wal_size(engine) < 2.5 * DUE
        run(other, "COMMIT")


def test_it_is_a_process_of_the_cluster() -> None:
    seen: set[str | None] = set()
    ask = "SELECT backend_type FROM pg_stat_activity WHERE backend_type <> 'client backend'"
    with Engine(settings={"autovacuum": "off"}) as engine, engine.open_session() as other:
        run(engine, "CREATE TABLE t (n int, s text)")
        for _ in range(20):
            # So many buffers that they take it several time slices.
            run(engine, "INSERT INTO t SELECT n, repeat('x', 900) FROM generate_series(1, 40000) n")
            number = done(engine)
            writer = threading.Thread(target=run, args=(engine, BULK))
            writer.start()
            while writer.is_alive():
                seen |= {kind for (kind,) in run(other, ask)}
            writer.join()
            until_done(other, number + 1)
            if "checkpointer" in seen:
                break
            run(engine, "TRUNCATE t")
    assert "checkpointer" in seen


def test_a_command_is_counted() -> None:
    with Engine() as engine:
        before = counts(engine)
        run(engine, "CHECKPOINT")
        after = counts(engine)
        for name in ("num_requested", "num_done"):
            assert after[name] == before[name] + 1


@pytest.mark.long
def test_it_is_made_after_a_time() -> None:
    with Engine(settings={"checkpoint_timeout": "30s"}) as engine:
        before = counts(engine)
        run(engine, "CREATE TABLE t(n int)")
        until(lambda: counts(engine)["num_timed"] == before["num_timed"] + 1, "there is none")
        assert counts(engine)["num_requested"] == before["num_requested"]


def test_files_of_dropped_tables_go(place: Path | None) -> None:
    """With the next checkpoint of any session, also if the one that dropped them has ended."""
    files = "SELECT count(*) FROM pg_ls_dir((SELECT 'base/' || oid FROM pg_database"
    files += " WHERE datname = current_database())) f WHERE f ~ '^[0-9]+$'"
    with Engine(place, settings={"autovacuum": "off"}) as engine, engine.open_session() as other:
        run(engine, "CHECKPOINT")
        before = value(engine, files)
        run(other, "CREATE TABLE t AS SELECT 1; CREATE TABLE kept AS SELECT 1")
        path = value(other, "SELECT pg_relation_filepath('t')")
        there = f"SELECT count(*) FROM pg_stat_file('{path}', true) f WHERE f.size IS NOT NULL"
        run(other, "DROP TABLE t")
        assert value(engine, there) == "1"
        run(engine, "CHECKPOINT")
        assert value(engine, there) == "0"
        for _ in range(20):
            with engine.open_session() as short:
                run(short, "CREATE TABLE t AS SELECT 1")
                run(short, "DROP TABLE t")
        run(other, "DROP TABLE kept")
        run(other, "CHECKPOINT")
        assert value(engine, files) == before


def test_more_dropped_tables_than_requests_have_room_for(place: Path | None) -> None:
    """shared_buffers bounds how many there may be between two checkpoints."""
    few = {"shared_buffers": "1MB", "autovacuum": "off", "max_wal_size": "2GB"}
    with Engine(place, settings=few) as engine, engine.open_session() as other:
        for session in (engine, other):
            run(
                session,
                "DO $$ BEGIN FOR i IN 1..150 LOOP"
                " EXECUTE format('CREATE TABLE t%s (n int PRIMARY KEY, s text)', i); END LOOP;"
                " FOR i IN 1..150 LOOP EXECUTE format('DROP TABLE t%s', i); END LOOP; END $$",
            )
        run(engine, "CREATE TABLE kept AS SELECT 1")
        run(other, "CHECKPOINT")
        assert value(other, "SELECT count(*) FROM kept") == "1"


def test_files_that_another_session_has_removed_are_not_synced(ram_path: Path) -> None:
    still = {"autovacuum": "off"}
    with Engine(ram_path / "data", settings=still) as engine, engine.open_session() as other:
        run(engine, "CREATE TABLE t AS SELECT n FROM generate_series(1, 20000) n")
        run(engine, "VACUUM t")
        run(other, "DROP TABLE t")
        run(engine, "CHECKPOINT")
        assert value(other, "SELECT 1") == "1"


@pytest.mark.long
def test_closed_forked_and_copied_in_the_middle_of_it(place: Path | None) -> None:
    chance = random.Random(1)
    for number in range(6):
        with Engine(place) as engine, engine.open_session() as session:
            run(session, "CREATE TABLE IF NOT EXISTS t AS SELECT n FROM generate_series(1, 9000) n")
            run(session, "UPDATE t SET n = n + 1")
            for _ in range(9):
                run(session, WRITE)
            time.sleep(chance.random() * 0.05)
            if number % 3 == 1 and place is None:
                with engine.fork() as copy:
                    assert value(copy, "SELECT count(*) FROM t") == "9000"
            if number % 3 == 2 and place is None:
                snapshot = engine.snapshot()
                run(engine, "DROP TABLE t")
                engine.restore(snapshot)
            assert value(engine, "SELECT count(*) FROM t") == "9000"
            if number % 3 == 1 and place is not None:
                with engine.copy_to_memory() as copy:
                    assert value(copy, "SELECT count(*) FROM t") == "9000"


def test_one_at_a_time(place: Path | None) -> None:
    """Sessions that checkpoint while others do."""
    with Engine(place) as engine:
        sessions = [engine.open_session() for _ in range(3)]
        run(engine, "CREATE TABLE t(n int)")

        def work(session: Session) -> None:
            for _ in range(5):
                run(session, "INSERT INTO t SELECT generate_series(1, 500)")
                run(session, WRITE)
                run(session, "CHECKPOINT")

        threads = [threading.Thread(target=work, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert value(engine, "SELECT count(*) FROM t") == "7500"


WRITER = """
import sys, threading
from pglite_native import Engine
from tests.engine.sql import run, value

engine = Engine(sys.argv[1], settings={"checkpoint_warning": "0"})
first = int(value(engine, "select coalesce(max(n), 0) from t"))
print("open", flush=True)

def write(session, own):
    n = first // 3 * 3 + own
    while True:
        n += 3
        run(session, f"insert into t values ({n}, repeat('x', 2000))")
        print(f"{n}\\n", end="", flush=True)  # in one write: others print, too
        run(session, "select pg_logical_emit_message(false, 'test', repeat('x', 4000000))")
        if n % 50 == 0:
            run(session, "checkpoint")

sessions = [engine, engine.open_session(), engine.open_session()]
for own, session in enumerate(sessions):
    threading.Thread(target=write, args=(session, own)).start()
"""


@pytest.mark.long
def test_killed_in_the_middle_of_it(ram_path: Path) -> None:
    """Every acknowledged commit is there."""
    folder = ram_path / "data"
    with Engine(folder) as engine:
        run(engine, "create table t(n int primary key, s text)")
    acknowledged: set[int] = set()
    for printed in printed_until_killed(WRITER, folder, times=5, delays_s=(1.0, 3.0)):
        acknowledged |= printed
        with Engine(folder) as engine:
            rows = {int(n or 0) for (n,) in run(engine, "select n from t where length(s) = 2000")}
            assert acknowledged <= rows
    assert acknowledged
