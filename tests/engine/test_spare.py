"""What an engine has left in its memory does not reach the next one that is mapped over it.

A closed engine's memory is put back to its image and kept for the next engine of that image, and a
restore puts back what was written. So each engine here finds what its image has, and nothing else.
"""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from pglite_native import Engine, Snapshot
from tests.engine import child
from tests.engine.sql import SqlError, run, value

STATE = (
    "select (select string_agg(n || s, ',' order by n) from t), to_regclass('u'), to_regclass('x'),"
    " current_setting('work_mem'), (select count(*) from pg_prepared_statements),"
    " (select count(*) from pg_class), pg_database_size(current_database())"
)


def small(engine: Engine) -> None:
    run(engine, "insert into t values (2, 'two'); set work_mem = '1MB'")


def temporary(engine: Engine) -> None:
    run(engine, "create temp table x as select 1; prepare p as select 1; listen l; begin; select 1")


def large(engine: Engine) -> None:
    run(
        engine, "create table u as select n, repeat('x', 500) as s from generate_series(1, 20000) n"
    )


def with_much_memory(engine: Engine) -> None:
    run(engine, "set work_mem = '64MB'")
    run(engine, "select count(*) from (select md5(n::text) m from generate_series(1, 200000) n"
        " order by 1) s")  # fmt: skip


def failing(engine: Engine) -> None:
    run(engine, "begin")
    with pytest.raises(SqlError, match="22012"):
        run(engine, "select 1 / 0")


def with_files(engine: Engine) -> None:
    run(engine, "copy (select repeat('y', 1000) from generate_series(1, 5000)) to '/tmp/file'")
    run(engine, "create database other")
    run(engine, "checkpoint")


def with_sessions(engine: Engine) -> None:
    with engine.open_session() as other:
        run(other, "insert into t values (3, 'three'); create table u (n int)")


def with_sessions_left(engine: Engine) -> None:
    """Each in the middle of something, when the engine is closed."""
    sessions = [engine.open_session() for _ in range(3)]
    for number, session in enumerate(sessions):
        run(
            session,
            f"begin; select pg_advisory_xact_lock({number}); listen l; create table u{number} ()",
        )
    run(sessions[0], "set work_mem = '1MB'; prepare p as select 1; declare c cursor for select 1")


def read_only(engine: Engine) -> None:
    value(engine, "select count(*) from t")


USES = (
    small,
    temporary,
    large,
    with_much_memory,
    failing,
    with_files,
    with_sessions,
    with_sessions_left,
    read_only,
)


@pytest.fixture
def snapshot() -> Snapshot:
    with Engine() as engine:
        run(engine, "create table t (n int, s text); insert into t values (1, 'one')")
        return engine.snapshot()


def state(engine: Engine) -> object:
    return run(engine, STATE)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_a_fork_finds_nothing_of_the_one_before(
    snapshot: Snapshot, use: Callable[[Engine], None]
) -> None:
    with Engine(image=snapshot) as engine:
        expected = state(engine)
    for _ in range(3):
        with Engine(image=snapshot) as engine:
            use(engine)
        with Engine(image=snapshot) as engine:
            assert state(engine) == expected


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_a_restore_leaves_nothing(snapshot: Snapshot, use: Callable[[Engine], None]) -> None:
    with Engine(image=snapshot) as engine:
        expected = state(engine)
        for _ in range(3):
            use(engine)
            engine.restore(snapshot)
            assert state(engine) == expected


def test_by_turns_at_random(snapshot: Snapshot) -> None:
    """Engines of two images, closed in any order: each begins with its image's state."""
    chance = random.Random(5)
    with Engine(image=snapshot) as engine:
        small(engine)
        second = engine.snapshot()
    states = {}
    for image in (snapshot, second):
        with Engine(image=image) as engine:
            states[image] = state(engine)
    engines: list[tuple[Engine, Snapshot]] = []
    for _ in range(60):
        if engines and chance.random() < 0.5:
            engine, image = engines.pop(chance.randrange(len(engines)))
            if chance.random() < 0.5:
                engine.restore(image)
                assert state(engine) == states[image]
            chance.choice(USES)(engine)
            engine.close()
        else:
            image = chance.choice((snapshot, second))
            engines.append((Engine(image=image), image))
            assert state(engines[-1][0]) == states[image]
    for engine, _ in engines:
        engine.close()


def test_threads_take_and_leave_them_at_the_same_time(snapshot: Snapshot) -> None:
    with Engine(image=snapshot) as engine:
        expected = state(engine)
    found: list[object] = []

    def turns() -> None:
        for _ in range(25):
            with Engine(image=snapshot) as engine:
                found.append(state(engine))
                small(engine)

    threads = [threading.Thread(target=turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 100 and all(each == expected for each in found)


def test_a_snapshot_takes_what_was_kept_of_it_along() -> None:
    """No mapping of it is left, so its memory is the system's again."""
    before = mapped()
    with Engine() as base:
        run(base, "create table t as select 1 as n")
        snapshot = base.snapshot()
    with Engine(image=snapshot) as engine:
        run(engine, "insert into t values (2)")
    assert mapped() - before
    del snapshot, base, engine
    gc.collect()
    assert not mapped() - before


def mapped() -> set[str]:
    """The snapshots that this process has mapped, by their inodes."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        return {line.split()[4] for line in file if "pglite-native snapshot" in line}


def test_what_a_large_engine_had_is_not_kept(snapshot: Snapshot) -> None:
    for _ in range(2):
        with Engine(image=snapshot) as engine:
            large(engine)
            used = resident()
        assert used - resident() > 8 << 20


def resident() -> int:
    """Bytes of this process's own memory."""
    with open("/proc/self/smaps_rollup", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    return int(fields["Private_Dirty"].split()[0]) * 1024


@pytest.mark.long
def test_what_a_failed_restore_has_left_is_not_kept() -> None:
    """Its memory is neither image's then: zeros, or the other's in part."""
    done = subprocess.run(
        [sys.executable, "-c", FAILED_RESTORE], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[('A',)]\n"


FAILED_RESTORE = """
import resource
from pglite_native import Engine, EngineMemoryError
from tests.engine.sql import run

def used():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmData"))

with Engine() as engine:
    run(engine, "create table t as select 'A'")
    small = engine.snapshot()
    run(engine, "select length(repeat('x', 300000000))")
    large = engine.snapshot()
engine = Engine(image=small)
limits = resource.getrlimit(resource.RLIMIT_DATA)
resource.setrlimit(resource.RLIMIT_DATA, (used() + (40 << 20), limits[1]))
try:
    engine.restore(large)
    print("restored")
except EngineMemoryError:
    pass
resource.setrlimit(resource.RLIMIT_DATA, limits)
engine.close()
with Engine(image=small) as engine:
    print(run(engine, "select * from t"))
"""


def test_sessions_of_one_that_begins_with_a_file_of_shared_memory(snapshot: Snapshot) -> None:
    """An engine that had sessions has left the file."""
    for number in range(4):
        with Engine(image=snapshot) as engine, engine.open_session() as other:
            assert value(other, "select count(*) from t") == "1"
            run(engine, f"insert into t values ({number}, 'first')")
            assert value(other, "select count(*) from t") == "2"
            run(other, "begin; lock table t")
            assert (
                value(engine, "select count(*) from pg_locks where mode = 'AccessExclusiveLock'")
                == "1"
            )
            with Engine(image=snapshot) as beside, beside.open_session() as third:
                run(third, "insert into t values (9, '')")
                assert value(beside, "select count(*) from t") == "2"
            assert (
                value(
                    engine,
                    "select count(*) from pg_stat_activity where backend_type = 'client backend'",
                )
                == "2"
            )


IN_A_CHILD = """
import os
from pglite_native import Engine
from tests.engine.sql import run, value

def use(number):
    for turn in range(5):
        with Engine(image=snapshot) as engine, engine.open_session() as other:
            run(other, f"insert into t select n from generate_series(1, {number}) n")
            run(engine, "create table u as select * from t; update t set a = a + 1; checkpoint")
            assert value(other, "select count(*) from u") == str(number + 1)
            assert value(engine, "select sum(a) from t") == str(number * (number + 3) // 2 + 2)

with Engine() as engine:
    run(engine, "create table t as select 1 as a")
    snapshot = engine.snapshot()
use(3)
children = []
for number in range(10, 14):
    children.append(os.fork())
    if not children[-1]:
        use(number)
        os._exit(0)
use(100)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
print("ok")
"""


def test_a_child_of_fork_does_not_write_to_what_its_parent_has_kept() -> None:
    assert child.output(IN_A_CHILD) == "ok\n"
