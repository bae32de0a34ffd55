"""What went wrong once, each as a function that a process with injection.c preloaded calls."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from pglite_native import Engine, EngineError, EngineMemoryError, Session
from tests.engine.sql import SqlError, run, value
from tests.faults.injection import Faults, Kind

SETTINGS = {"max_prepared_transactions": "2"}


@contextmanager
def failing(path: Path, kind: Kind, error: int, *, lasts: bool = True) -> Iterator[Faults]:
    """Let calls for what is at a path fail, all of them or only the first."""
    faults = Faults(path)
    faults.begin(kind, error, 1, lasts=lasts)
    yield faults
    faults.end()


def refused(engine: Session, sql: str) -> str:
    """Return the SQLSTATE of an error that must come."""
    try:
        run(engine, sql)
    except SqlError as error:
        return error.sqlstate
    raise AssertionError(f"there is no error: {sql}")


def failure(task: Callable[[], object]) -> str:
    """Return what the error says that must come."""
    try:
        task()
    except (EngineError, OSError) as error:
        return str(error)
    raise AssertionError("there is no error")


def dropping_files_that_cannot_be_opened(folder: Path) -> None:
    with Engine(folder) as engine:
        for sql in ("drop table t", "begin; truncate t; commit", "begin; drop table t; abort"):
            run(engine, "create table t as select n from generate_series(1, 100) n; checkpoint")
            path = folder / str(value(engine, "select pg_relation_filepath('t')"))
            with failing(path, Kind.OPEN, errno.EIO) as faults:
                run(engine, sql)
            assert faults.failed or "abort" in sql
            run(engine, "drop table if exists t; checkpoint")


def a_failed_checkpoint_s_requests(folder: Path) -> None:
    with Engine(folder) as engine, engine.open_session() as other:
        run(other, "create table t as select n from generate_series(1, 1000) n")
        with failing(folder / "pg_logical/snapshots", Kind.OPEN, errno.EIO):
            assert refused(engine, "checkpoint") == "58030"
        run(other, "drop table t")
        run(other, "checkpoint")  # removes its file
        run(engine, "create table u as select 1 as n; checkpoint")
        assert value(engine, "select n from u") == "1"


def a_checkpoint_that_is_not_noted(folder: Path) -> None:
    with Engine(folder, settings=SETTINGS) as engine:
        run(engine, "create table t(n int)")
        run(engine, "begin; insert into t values (1); prepare transaction 'one'")
        with failing(folder / "global/pg_control", Kind.STAT, errno.EIO, lasts=False):
            assert refused(engine, "checkpoint") == "58030"
        assert os.listdir(folder / "pg_twophase")
    with Engine(folder, settings=SETTINGS) as engine:
        run(engine, "commit prepared 'one'")
        assert value(engine, "select n from t") == "1"


def a_copy_whose_checkpoint_fails(folder: Path) -> None:
    """The cause is said, and the next copy is made."""
    with Engine(folder) as engine:
        run(engine, "create table t as select 1 as n")
        with failing(folder / "pg_logical/snapshots", Kind.OPEN, errno.EIO):
            said = failure(engine.dump_data_dir)
        assert "checkpoint" in said and "I/O error" in said, said
        with Engine(load_data_dir=engine.dump_data_dir()) as copy:
            assert value(copy, "select n from t") == "1"


def threads_after_a_failed_start(folder: Path) -> None:
    Engine(folder).close()
    threads = len(os.listdir("/proc/self/task"))
    for first in range(8, 14):
        faults = Faults(folder)
        faults.begin(Kind.MMAP, errno.ENOMEM, first, lasts=True)
        try:
            Engine(folder).close()
        except EngineError:
            pass
        finally:
            faults.end()
        assert len(os.listdir("/proc/self/task")) == threads, "a thread outlives its cluster"
    Engine(folder).close()


def writes_of_one_session_end_the_cluster(folder: Path) -> None:
    """PostgreSQL panics where it cannot write its log: as when a backend crashes."""
    with Engine(folder) as engine:
        one, two = engine.open_session(), engine.open_session()
        run(one, "create table t (n int); insert into t values (1)")
        with failing(folder / "pg_wal", Kind.WRITE, errno.EIO):
            assert refused(one, "insert into t values (2)") == "58030"
        for session in (one, two, engine):
            assert "PANIC" in failure(partial(run, session, "select 1"))
    with Engine(folder) as engine:
        assert value(engine, "select n from t where n = 1") == "1"


def closing_while_nothing_can_be_written(folder: Path) -> None:
    """The shutdown checkpoint does not succeed; the next start recovers."""
    for error in (errno.EIO, errno.ENOSPC):
        engine = Engine(folder)
        run(engine, "create table if not exists t (n int); insert into t values (1)")
        with failing(folder, Kind.WRITE, error):
            engine.close()
    with Engine(folder) as engine:
        assert value(engine, "select count(*) from t") == "2"


def a_full_disk_is_named(folder: Path) -> None:
    """By every file that is written as a whole; and nothing of it is left."""
    with Engine(folder) as engine, Engine() as other:
        run(engine, "select 1")
        snapshot = other.snapshot()
        for name, write in (
            ("dump.tar", engine.dump_data_dir),
            ("dump.tar.gz", engine.dump_data_dir),
            ("image", snapshot.save),
        ):
            path = folder.with_name(name)
            with failing(folder.parent / ".pglite-native", Kind.WRITE, errno.ENOSPC) as faults:
                said = failure(partial(write, path))
                assert str(path) in said and "no space left" in said.lower(), said
            assert faults.failed
            assert os.listdir(folder.parent) == [folder.name]
            write(path)
            path.unlink()


def a_start_that_fails_comes_to_an_end(folder: Path) -> None:
    Engine(folder).close()
    for first in (85, 97, 103, 109, 115, 127, 140):
        faults = Faults(folder)
        faults.begin(Kind.OPEN, errno.EIO, first, lasts=True)
        failure(partial(Engine, folder))
        faults.end()
    Engine(folder).close()


def settings_that_cannot_be_read(folder: Path) -> None:
    """As a native server: the statement fails, the engine is usable, a start names the file."""
    with Engine(folder) as engine:
        run(engine, "alter system set work_mem = '5MB'")
        with failing(folder / "postgresql.auto.conf", Kind.READ, errno.EIO) as faults:
            assert refused(engine, "alter system set work_mem = '6MB'") == "F0000"
        assert faults.failed
        run(engine, "alter system set work_mem = '7MB'")
    with failing(folder / "postgresql.conf", Kind.READ, errno.EIO):
        assert "could not read a configuration file" in failure(partial(Engine, folder))
    with Engine(folder) as engine:
        assert value(engine, "show work_mem") == "7MB"


def a_segment_that_cannot_be_looked_for(folder: Path) -> None:
    """A checkpoint installs old segments under names that are free, as far as it can see: the one
    that is being written must not be replaced.
    """
    recycled = Faults(folder / "pg_wal")
    with Engine(folder, settings=SETTINGS) as engine:
        run(engine, "create table t(n int)")
        for kind, error in ((Kind.OPEN, errno.ENFILE), (Kind.STAT, errno.EIO)):
            first, failed = 1, 1
            while failed:
                run(engine, "insert into t values (1); select pg_switch_wal()")
                recycled.begin(kind, error, first, lasts=False)
                with suppress(SqlError):
                    run(engine, "checkpoint")
                failed = recycled.failed
                recycled.end()
                first += 1
                run(engine, "begin; insert into t values (2); prepare transaction 'two'")
                run(engine, "checkpoint")  # reads what was written to the log
                run(engine, "commit prepared 'two'")


def a_lock_that_cannot_be_looked_at(folder: Path) -> None:
    Engine(folder).close()
    for first in (1, 2, 3):
        faults = Faults(folder)
        faults.begin(Kind.STAT, errno.EIO, first, lasts=True)
        assert "rror" in failure(partial(Engine, folder))
        faults.end()
    Engine(folder).close()


def no_memory_is_said(folder: Path) -> None:
    with Engine(folder) as engine:
        run(engine, "select 1")
    faults = Faults(folder)
    first, failed, messages = 1, 1, []
    while failed:
        faults.begin(Kind.MALLOC, errno.ENOMEM, first, lasts=True)
        try:
            Engine(folder).close()
        except EngineMemoryError as error:
            messages.append(str(error))
        except EngineError as error:  # wasm3 has compiled no further; PostgreSQL's own words
            if "memory" not in str(error).lower():
                raise
        finally:
            faults.end()
        failed = faults.failed
        first += 1 + first // 4
    Engine(folder).close()
    assert len(messages) > 10
    assert not [message for message in messages if message.rstrip().endswith(":")], messages


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
