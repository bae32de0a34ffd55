"""Writes that fail, one after the other: PostgreSQL's error or a poisoned engine; nothing is lost.

The n-th write, sync or truncate fails with EIO or ENOSPC while a script runs, and every one after
it: until the first error is reported, or for good. What may happen then: the statement fails with
PostgreSQL's error and the session goes on; or PostgreSQL panics, as it does wherever it
cannot write its WAL, and the engine is poisoned. Either way a directory, opened again, has every
row whose commit was acknowledged, and no transaction in part.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import Engine, EngineError
from pglite_native.engine.binding import check, ffi, lib
from tests.engine import child
from tests.engine.sql import SqlError, run

EIO, ENOSPC = 29, 51  # base/errno.h

# Every way in which statements write; each is one transaction that adds `row` to the table log.
SCRIPT = [
    "insert into log values ({row})",
    "create table a as select n, md5(n::text) as s from generate_series(1, 300) n;"
    " insert into log values ({row})",
    "insert into log values ({row}); checkpoint",
    "begin; create index on a (s); insert into log values ({row}); commit",
    "begin; update a set s = repeat(s, 100); insert into log values ({row}); commit",
    "begin; truncate a; insert into a values (1, 'x'); insert into log values ({row}); commit",
    "set work_mem = '64kB'; create table b as select n from generate_series(1, 5000) n"
    " order by md5(n::text); insert into log values ({row}); reset work_mem",  # temporary files
    "insert into log values ({row}); checkpoint",
    "begin; drop table b; insert into log values ({row}); commit",
    "insert into log values ({row})",
]


def fail_writes(engine: Engine, countdown: int, errno: int = 0) -> None:
    error = ffi.new("pgn_error *")
    check(lib.pgn_fail_writes(engine._handle, countdown, errno, error), error)


class Progress:
    """What became of the script's rows; of those in doubt the session was told an error."""

    def __init__(self) -> None:
        self.committed: list[int] = []
        self.in_doubt: list[int] = []
        self.poisoned = False
        self.last_words = "PANIC"

    @property
    def disturbed(self) -> bool:
        return bool(self.in_doubt)


def play(engine: Engine, *, lift: bool) -> Progress:
    """Run the script to its end, or until the engine has failed; lift the fault after an error."""
    progress = Progress()
    for row, sql in enumerate(SCRIPT):
        try:
            run(engine, sql.format(row=row))
            progress.committed.append(row)
        except SqlError:
            progress.in_doubt.append(row)  # of two commands, the first may have committed it
            if lift:
                fail_writes(engine, 0)
            progress.poisoned = not recover(engine)
        except EngineError as error:
            progress.in_doubt.append(row)
            progress.poisoned = True
            progress.last_words = str(error)
        if progress.poisoned:
            break
    return progress


def recover(engine: Engine) -> bool:
    """End what an error has left open; False when that was too much for the engine."""
    try:
        run(engine, "rollback; reset work_mem")
    except SqlError:
        return True
    except EngineError:
        return False
    return True


def check_log(engine: Engine, progress: Progress) -> None:
    rows = {int(row or 0) for (row,) in run(engine, "select row from log")}
    assert rows >= set(progress.committed)
    assert rows <= {*progress.committed, *progress.in_doubt}
    for (table,) in run(engine, "select relname from pg_class where relname in ('a', 'b')"):
        run(engine, f"select max(length({table}::text)) from {table}")
        run(engine, f"reindex table {table}")
        run(engine, f"vacuum full {table}")
    run(engine, "create table new as select 1; insert into log values (-1)")
    run(engine, "drop table new; delete from log where row = -1")


def faults() -> Iterator[tuple[int, int, bool]]:
    """Which write is the first to fail, how, and whether that is lifted after the first error.

    Every one at first, then wider apart, for the script has hundreds.
    """
    step = 1
    while True:
        yield step, (EIO, ENOSPC)[step // 2 % 2], step % 2 == 0
        step += 1 if step < 40 else step // 8


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster") / "data"
    with Engine(folder) as engine:
        run(engine, "create table log(row int)")
    return folder


class Outcomes:
    """Counts, so that the test is known to have seen both."""

    def __init__(self) -> None:
        self.poisoned = self.refused = 0

    def count(self, progress: Progress) -> None:
        assert "PANIC" in progress.last_words
        self.poisoned += progress.poisoned
        self.refused += not progress.poisoned

    def check(self, steps: int) -> None:
        print(f"{steps} writes: {self.poisoned} times poisoned, {self.refused} times refused")
        assert steps > 100
        assert self.poisoned > 10
        assert self.refused > 10


def test_failing_writes_in_a_directory(cluster: Path, ram_path: Path) -> None:
    folder = ram_path / "data"
    outcomes = Outcomes()
    for step, errno, lift in faults():
        shutil.copytree(cluster, folder)
        with Engine(folder) as engine:
            fail_writes(engine, step, errno)
            progress = play(engine, lift=lift)
            if not progress.disturbed:
                break
            outcomes.count(progress)
            if not progress.poisoned:
                fail_writes(engine, 0)
                check_log(engine, progress)
        with Engine(folder) as engine:
            check_log(engine, progress)
        shutil.rmtree(folder)
    outcomes.check(step)


def test_failing_writes_in_memory() -> None:
    outcomes = Outcomes()
    engine = Engine()
    try:
        run(engine, "create table log(row int)")
        for step, errno, lift in faults():
            fail_writes(engine, step, errno)
            progress = play(engine, lift=lift)
            fail_writes(engine, 0)
            if progress.poisoned:
                with pytest.raises(EngineError):
                    run(engine, "select 1")
                engine.close()
                engine = Engine()
                run(engine, "create table log(row int)")
            else:
                check_log(engine, progress)
                run(engine, "drop table if exists a, b; truncate log")
            if not progress.disturbed:
                break
            outcomes.count(progress)
    finally:
        engine.close()
    outcomes.check(step)


@pytest.mark.parametrize("errno", [EIO, ENOSPC], ids=["EIO", "ENOSPC"])
def test_writes_that_fail_while_closing(cluster: Path, ram_path: Path, errno: int) -> None:
    """The shutdown checkpoint does not succeed; the next start recovers."""
    folder = Path(shutil.copytree(cluster, ram_path / "data"))
    engine = Engine(folder)
    run(engine, "insert into log values (1)")
    fail_writes(engine, 1, errno)
    engine.close()
    with Engine(folder) as engine:
        assert run(engine, "select row from log") == [("1",)]


LIMITED = """
import resource, sys
from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value

LIMIT = 3 << 20
with Engine(sys.argv[1]) as engine:
    run(engine, "create table t(s text)")
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
    insert = "insert into t select repeat('x', 900) from generate_series(1, 200)"
    committed = 0
    while (state := sqlstate(engine, insert)) == "00000":
        committed += 200
    print(state, committed, value(engine, "select count(*) from t"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(sqlstate(engine, insert), value(engine, "select count(*) from t"))
"""


def test_a_limit_of_the_operating_system_s(tmp_path: Path) -> None:
    """No injection: the file cannot grow, PostgreSQL says so, and goes on."""
    refused, lifted = child.output(LIMITED, tmp_path / "data").splitlines()
    state, committed, found = refused.split()
    assert state == "XX000"  # what PostgreSQL makes of EFBIG
    assert int(committed) > 1000
    assert found == committed
    assert lifted.split() == ["00000", str(int(committed) + 200)]


FEW_DESCRIPTORS = """
import resource, sys
from pglite_native import Engine
from tests.engine.sql import run, value

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
with Engine(sys.argv[1]) as engine:
    for n in range(60):
        run(engine, f"create table t{n} as select {n} as n")
    run(engine, "checkpoint")
with Engine(sys.argv[1]) as engine:
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
    print(*(value(engine, f"select n from t{n}") for n in range(60)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(value(engine, "select n from t7"))
"""


def test_descriptors_run_out(tmp_path: Path) -> None:
    """The host's limit: PostgreSQL closes what it has cached, and opens the next file."""
    limited, lifted = child.output(FEW_DESCRIPTORS, tmp_path / "data").splitlines()
    assert limited.split() == [str(n) for n in range(60)]
    assert lifted == "7"
