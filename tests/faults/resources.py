"""Engines opened, forked and copied, while the C host is refused memory, or files fail."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pglite_native import Engine, EngineError, EngineLocked, EngineMemoryError, PGliteError
from tests.engine.sql import SqlError, run, value
from tests.faults.injection import MEMORY, Faults, Kind
from tests.faults.points import Outcome, Point

LOCK = ".pglite-native.lock"
MAPS_ALLOWED = 3  # malloc's own, which come and go


class Resources:
    """A task that makes engines and gives them back: nothing of them may stay."""

    def __init__(self, task: Callable[[Resources], None], folder: Path, faults: Faults) -> None:
        self.name = task.__name__
        self.folder = folder
        self.source = folder / "source"
        self.faults = faults
        self._task = task
        if not self.source.exists():
            make_source(self.source)
        with Engine(self.source) as engine:
            self.dump = engine.dump_data_dir(compression="none")
        task(self)
        self._held = held()

    def count(self, point: Point) -> int:
        outcome = self.run(point)
        assert not outcome.errors and not outcome.wrong, outcome
        return outcome.seen

    def run(self, point: Point) -> Outcome:
        errors, lost, wrong = [], "", ""
        self.faults.begin(point.kind, point.error, point.first, lasts=point.lasts)
        try:
            self._task(self)
        except (PGliteError, OSError, SqlError) as error:
            if isinstance(error, EngineLocked):
                wrong = f"the directory is free: {error}"
            elif point.kind in MEMORY and not says_memory(error):
                wrong = f"it is not said that there is no memory: {error!r}"
            if "PANIC" in str(error):
                lost = str(error)
            else:
                errors.append(f"{type(error).__name__}: {error}")
        except AssertionError as error:
            wrong = str(error)
        self.faults.end()
        outcome = Outcome.of(self.faults, self.folder, errors, lost)
        outcome.wrong = wrong or self._again(point.kind)
        return outcome

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _again(self, kind: Kind) -> str:
        """Return what is wrong once nothing fails any more."""
        try:
            self._task(self)
        except (PGliteError, OSError, SqlError, AssertionError) as error:
            return f"it does not work afterwards: {error!r}"
        files = set(os.listdir(self.folder)) - {"source"}
        for name in files:
            (self.folder / name).unlink()
        if files and kind != Kind.UNLINK:
            return f"files are left: {files}"
        before, self._held = self._held, held()
        most = before[0], before[1], before[2] + MAPS_ALLOWED
        if any(now > allowed for now, allowed in zip(self._held, most, strict=True)):
            return f"descriptors, threads, maps: {before} became {self._held}"
        self._held = before
        return ""


def held() -> tuple[int, int, int]:
    """What the process has: descriptors, threads, memory maps."""
    gc.collect()
    with open("/proc/self/maps") as maps:
        count = sum(1 for _ in maps)
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), count


def says_memory(error: BaseException) -> bool:
    text = str(error).lower()
    words = ("memory", "address space", "no space", "descriptors", "open files")
    return isinstance(error, EngineMemoryError) or any(word in text for word in words)


def make_source(folder: Path) -> None:
    """A database without the templates, whose files are copied by the same calls."""
    with Engine(folder) as engine:
        run(engine, "create table log(n int); insert into log values (1)")
        run(engine, "update pg_database set datistemplate = false")
        run(engine, "drop database template0")
        run(engine, "drop database template1")


# --- tasks ------------------------------------------------------------------------------------


def opening(resources: Resources) -> None:
    with Engine() as engine:
        run(engine, "select count(*) from pg_class")


def booting(resources: Resources) -> None:
    with Engine(image=False) as engine:
        run(engine, "select 1")


def opening_a_directory(resources: Resources) -> None:
    with Engine(resources.source) as engine:
        assert value(engine, "select n from log") == "1"


def making_a_directory(resources: Resources) -> None:
    folder = resources.folder / "made"
    try:
        with Engine(folder) as engine:
            run(engine, "select 1")
    finally:
        with resources.faults.lifted():
            if folder.exists():  # if in part, it is made again
                with Engine(folder) as engine:
                    run(engine, "select 1")
                shutil.rmtree(folder)


def sessions(resources: Resources) -> None:
    with Engine() as engine:
        run(engine, "create table t(n int)")
        with engine.open_session() as one, engine.open_session():
            run(one, "insert into t values (1)")
            assert value(engine, "select n from t") == "1"


def sessions_of_a_directory(resources: Resources) -> None:
    with (
        Engine(resources.source) as engine,
        engine.open_session() as one,
        engine.open_session(),
    ):
        assert value(one, "select n from log") == "1"
        run(engine, "checkpoint")
        run(one, "vacuum log")


def growing(resources: Resources) -> None:
    with Engine() as engine:
        run(engine, "create table t as select repeat('x', 500) s from generate_series(1, 3000)")
        run(engine, "set work_mem = '20MB'; select count(*) from (select s from t order by s) x")
        run(engine, "select length(repeat('x', 20000000))")
        run(engine, "select repeat('x', 1000000)")
        run(engine, "drop table t")


def forking(resources: Resources) -> None:
    with Engine() as engine:
        run(engine, "create table t as select 1 n")
        with engine.fork() as fork:
            run(fork, "insert into t values (2)")
        with Engine(image=engine.snapshot()) as copy:
            assert value(copy, "select n from t") == "1"


def saving_an_image(resources: Resources) -> None:
    path = resources.folder / "image"
    try:
        with Engine() as engine:
            run(engine, "create table t as select 1 n")
            engine.snapshot().save(path)
            with Engine(image=path) as copy:
                assert value(copy, "select n from t") == "1"
    finally:
        with resources.faults.lifted():
            if path.exists():  # then it is whole
                with Engine(image=path) as copy:
                    assert value(copy, "select n from t") == "1"
                path.unlink()


def dumping(resources: Resources) -> None:
    path = resources.folder / "dump.tar"
    try:
        with Engine(resources.source) as engine:
            engine.dump_data_dir(path)
        check_dump(path)
    except (PGliteError, OSError, SqlError):
        with resources.faults.lifted():
            if path.exists():  # then it is whole
                check_dump(path)
        raise
    finally:
        with resources.faults.lifted():
            path.unlink(missing_ok=True)


def check_dump(path: Path) -> None:
    with Engine(load_data_dir=path) as copy:
        assert value(copy, "select n from log") == "1"


def loading_into_a_directory(resources: Resources) -> None:
    folder = resources.folder / "loaded"
    try:
        with Engine(folder, load_data_dir=resources.dump) as engine:
            assert value(engine, "select n from log") == "1"
    finally:
        with resources.faults.lifted():
            if folder.exists() and {*os.listdir(folder)} - {LOCK}:  # else there is nothing of it
                check_loaded(folder)
            shutil.rmtree(folder, ignore_errors=True)


def check_loaded(folder: Path) -> None:
    """Whole, or known to be a part."""
    try:
        with Engine(folder) as engine:
            assert value(engine, "select n from log") == "1"
    except EngineError as error:
        if "incomplete" not in str(error):
            raise AssertionError("it opens as what it is not") from error


OF_FILES = (opening_a_directory, making_a_directory, saving_an_image)
OF_COPIES = (dumping, loading_into_a_directory)
OF_MEMORY = (
    opening,
    booting,
    opening_a_directory,
    making_a_directory,
    sessions,
    sessions_of_a_directory,
    growing,
    forking,
    saving_an_image,
    dumping,
    loading_into_a_directory,
)
