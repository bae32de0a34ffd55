"""Files that are written whole or not at all: dumps and snapshots; and what is made of a dump."""

from __future__ import annotations

import abc
import itertools
import random
import shutil
from pathlib import Path
from typing import ClassVar

from pglite_native import Engine, EngineError, Snapshot
from tests.engine.sql import run, value
from tests.torture import checks
from tests.torture.workload import Say, Steps, Workload

ROWS = 1000
TABLE = (
    f"create table t as select generate_series(1, {ROWS}) as n; alter table t add primary key (n)"
)


class Writing(Workload):
    """The n-th file holds n rows of log, and takes the place of the one before."""

    file: ClassVar[str]
    recorded_steps = 4
    cuts = 6

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def prepare(self, place: Path) -> None:
        with Engine() as engine:
            run(engine, f"create extension amcheck; {TABLE}; create table log (n int)")
            self.write(engine, place)

    @abc.abstractmethod
    def write(self, engine: Engine, place: Path) -> None: ...

    @abc.abstractmethod
    def read(self, place: Path) -> Engine: ...

    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        with self.read(place) as engine:
            n = int(value(engine, "select count(*) from log") or 0)
            while True:
                n += 1
                run(engine, f"insert into log values ({n})")
                self.write(engine, place)
                say("wrote", n)
                yield

    def hear_wrote(self, n: int) -> None:
        self.last = n

    def check(self, place: Path, *, power: bool = False) -> None:
        with self.read(place) as engine:
            checks.check_relations(engine)
            assert value(engine, "select count(*) from t") == str(ROWS)
            count = int(value(engine, "select count(*) from log") or 0)
            assert self.last <= count <= self.last + self.runs, (self.last, count)
            self.write(engine, place)
        names = [path.name for path in place.iterdir()]
        assert names == [self.file], f"left behind: {names}"
        self.last, self.runs = count, 0


class Dump(Writing):
    name = "dump"
    file = "dump.tar"

    def write(self, engine: Engine, place: Path) -> None:
        engine.dump_data_dir(place / self.file)

    def read(self, place: Path) -> Engine:
        return Engine(load_data_dir=place / self.file)


class Save(Writing):
    name = "save"
    file = "snapshot"

    def write(self, engine: Engine, place: Path) -> None:
        engine.snapshot().save(place / self.file)

    def read(self, place: Path) -> Engine:
        return Engine(image=Snapshot.load(place / self.file))


class Load(Workload):
    """Directories that are made of a dump."""

    name = "load"
    recorded_steps = 2
    cuts = 6

    def __init__(self) -> None:
        super().__init__()
        self.loaded: set[int] = set()

    def prepare(self, place: Path) -> None:
        with Engine() as engine:
            run(engine, f"create extension amcheck; {TABLE}")
            engine.dump_data_dir(place / "dump.tar")
        (place / "data").mkdir()

    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        there = (int(path.name) for path in (place / "data").iterdir())
        for n in itertools.count(1 + max(there, default=0)):
            with Engine(place / "data" / str(n), load_data_dir=place / "dump.tar"):
                say("loaded", n)
            yield

    def hear_loaded(self, n: int) -> None:
        self.loaded.add(n)

    def check(self, place: Path, *, power: bool = False) -> None:
        folders = {int(path.name): path for path in (place / "data").iterdir()}
        assert self.loaded <= folders.keys(), f"lost: {self.loaded - folders.keys()}"
        for n, folder in folders.items():
            if any(path.name.startswith(".pglite-native.loading") for path in folder.iterdir()):
                assert n not in self.loaded, n
                assert "load_data_dir was interrupted" in _refusal(folder)
                Engine(folder, load_data_dir=place / "dump.tar").close()
            elif not (folder / "PG_VERSION").exists():
                assert n not in self.loaded, n
                Engine(folder, load_data_dir=place / "dump.tar").close()
            with Engine(folder) as engine:
                checks.check_relations(engine)
                assert value(engine, "select count(*) from t") == str(ROWS), n
            checks.check_files(folder)
            shutil.rmtree(folder)
        self.loaded.clear()
        self.runs = 0


def _refusal(folder: Path) -> str:
    try:
        Engine(folder).close()
    except EngineError as error:
        return str(error)
    return "it opens"
