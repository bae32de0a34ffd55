"""Forks never see each other: random histories of many engines, against a model of each.

A population of engines and snapshots is written to, forked, restored, saved and closed at random.
Beside each goes a model, a few Python values; after every step every engine must show what its
model says, whatever was done to the others. The seed is in the test's name: a failure repeats.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pglite_native import Engine, Snapshot
from tests import wire

pytestmark = pytest.mark.long

ENGINES_MAX, SNAPSHOTS_MAX, TABLES_MAX, ROWS_MAX = 5, 4, 5, 40
STEPS = 300

SETUP = "create sequence counter; select nextval('counter'); set work_mem = '1000kB'"


@dataclass
class Model:
    """What a session shows. Tables are sorted numbers; temporary ones have names that say so."""

    tables: dict[str, list[int]] = field(default_factory=dict)
    work_mem: int = 1000
    counter: int = 1
    prepared: set[str] = field(default_factory=set)
    # What BEGIN and each SAVEPOINT go back to: tables and work_mem.
    undo: list[tuple[dict[str, list[int]], int]] = field(default_factory=list)
    failed: bool = False

    @property
    def status(self) -> bytes:
        return b"E" if self.failed else b"T" if self.undo else b"I"

    def remember(self) -> None:
        self.undo.append((deepcopy(self.tables), self.work_mem))

    def go_back(self, depth: int) -> None:
        """To the savepoint at a depth, 0 is BEGIN; its place on the stack is free afterwards."""
        self.tables, self.work_mem = self.undo[depth]
        del self.undo[depth:]
        self.failed = False


def show(engine: Engine, model: Model) -> None:
    """The engine shows what the model says."""
    names = sorted(model.tables)
    sql = "; ".join(
        [
            "select string_agg(relname, ' ' order by relname) from pg_class"
            " where relname ~ '^(table|temp)_' and relkind = 'r'",
            "show work_mem",
            "select last_value from counter",
            "select string_agg(name, ' ' order by name) from pg_prepared_statements",
            *(f"select string_agg(n::text, ' ' order by n) from {name}" for name in names),
        ]
    )
    reply = engine.exec_protocol_raw(wire.query(sql))
    assert wire.split(reply)[-1] == ("Z", model.status)
    if model.failed:
        assert wire.sqlstates(reply) == ["25P02"]
        return
    assert wire.errors(reply) == []
    shown = [None if one is None else one.decode() for (one,) in wire.rows(reply)]
    assert shown == [
        " ".join(names) or None,
        f"{model.work_mem}kB",
        str(model.counter),
        " ".join(sorted(model.prepared)) or None,
        *(" ".join(map(str, model.tables[name])) or None for name in names),
    ]


class History:
    """One population, and the random choices of what happens to it."""

    def __init__(self, seed: int, folder: Path, engine: Engine, model: Model) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.engines = [(engine, model)]
        self.snapshots: list[tuple[Snapshot, Model]] = []
        self.steps = 0

    # --- one engine ---

    def statement(self, engine: Engine, model: Model) -> None:
        """Run a random statement, and do the same to the model."""
        choices = [self.write, self.write, self.write, self.define, self.transact, self.session]
        sql = self.transact(model) if model.failed else self.random.choice(choices)(model)
        reply = engine.exec_protocol_raw(wire.query(sql))
        expected = ["22012"] if "1/0" in sql else []
        assert wire.sqlstates(reply) == expected, sql

    def write(self, model: Model) -> str:
        if not model.tables:
            return self.define(model)
        name = self.random.choice(sorted(model.tables))
        rows = model.tables[name]
        kind = self.random.choice(["insert", "insert", "update", "delete", "copy"])
        number = self.random.randrange(1000)
        if kind == "update":
            model.tables[name] = sorted(n + 1 if n % 3 == number % 3 else n for n in rows)
            return f"update {name} set n = n + 1 where n % 3 = {number % 3}"
        if kind == "delete" or len(rows) > ROWS_MAX:
            model.tables[name] = [n for n in rows if n % 4 != number % 4]
            return f"delete from {name} where n % 4 = {number % 4}"
        if kind == "copy":
            model.tables[name] = sorted([*rows, *(n + 5000 for n in rows[:3])])
            return f"insert into {name} select n + 5000 from {name} order by n limit 3"
        model.tables[name] = sorted([*rows, *range(number, number + 5)])
        return f"insert into {name} select generate_series({number}, {number + 4})"

    def define(self, model: Model) -> str:
        if model.tables and (len(model.tables) == TABLES_MAX or self.random.random() < 0.3):
            name = self.random.choice(sorted(model.tables))
            if self.random.random() < 0.5:
                model.tables[name] = []
                return f"truncate {name}"
            del model.tables[name]
            return f"drop table {name}"
        kind, prefix = self.random.choice(
            [("", "table"), ("unlogged", "table"), ("temporary", "temp")]
        )
        name = f"{prefix}_{self.random.randrange(10**6)}"
        model.tables[name] = []
        return f"create {kind} table {name}(n int)"

    def transact(self, model: Model) -> str:
        depth = len(model.undo)
        if depth == 0:
            model.remember()
            return "begin"
        savepoint = self.random.randrange(1, depth) if depth > 1 else None
        kind = self.random.choice(["commit", "rollback", "savepoint", "back", "back", "fail"])
        if kind == "back" and savepoint:
            model.go_back(savepoint)
            model.remember()
            return f"rollback to s{savepoint}"
        if kind == "savepoint" and not model.failed and depth < 4:
            model.remember()
            return f"savepoint s{depth}"
        if kind == "fail" and not model.failed:
            model.failed = True
            return "select 1/0"
        if kind == "commit" and not model.failed:
            model.undo = []
            return "commit"
        model.go_back(0)
        return "rollback"

    def session(self, model: Model) -> str:
        """What no transaction undoes, but for the setting."""
        kind = self.random.choice(["nextval", "set", "prepare", "deallocate"])
        if kind == "nextval":
            model.counter += 1
            return "select nextval('counter')"
        if kind == "set":
            model.work_mem = self.random.randrange(64, 9999) * 8 + 1
            return f"set work_mem = '{model.work_mem}kB'"
        if kind == "deallocate" and model.prepared:
            name = self.random.choice(sorted(model.prepared))
            model.prepared.remove(name)
            return f"deallocate {name}"
        name = f"p{self.random.randrange(10**6)}"
        model.prepared.add(name)
        return f"prepare {name} as select {self.random.randrange(10)}"

    # --- the population ---

    def fork(self) -> None:
        engine, model = self.random.choice(self.engines)
        self.add(engine.fork(), model)

    def snapshot(self) -> None:
        engine, model = self.random.choice(self.engines)
        snapshot = engine.snapshot()
        if self.random.random() < 0.3:
            path = self.folder / str(self.steps)
            snapshot.save(path)
            snapshot = Snapshot.load(path)
            path.unlink()  # the snapshot keeps it
        if len(self.snapshots) == SNAPSHOTS_MAX:
            del self.snapshots[self.random.randrange(SNAPSHOTS_MAX)]
        self.snapshots.append((snapshot, deepcopy(model)))

    def restore(self) -> None:
        if self.snapshots:
            snapshot, model = self.random.choice(self.snapshots)
            at = self.random.randrange(len(self.engines))
            engine, _ = self.engines[at]
            engine.restore(snapshot)
            self.engines[at] = engine, deepcopy(model)

    def start(self) -> None:
        if self.snapshots:
            snapshot, model = self.random.choice(self.snapshots)
            self.add(Engine(image=snapshot), model)

    def end(self) -> None:
        """The session ends, and the engine gets another life."""
        if self.snapshots:
            at = self.random.randrange(len(self.engines))
            engine, _ = self.engines[at]
            engine.exec_protocol_raw(wire.terminate())
            snapshot, model = self.random.choice(self.snapshots)
            engine.restore(snapshot)
            self.engines[at] = engine, deepcopy(model)

    def add(self, engine: Engine, model: Model) -> None:
        if len(self.engines) == ENGINES_MAX:
            old, _ = self.engines.pop(self.random.randrange(ENGINES_MAX))
            if self.random.random() < 0.5:
                old.close()  # else its last reference ends it
        self.engines.append((engine, deepcopy(model)))

    def step(self) -> None:
        self.steps += 1
        events: list[Callable[[], None]] = [self.fork, self.snapshot, self.restore, self.restore]
        events += [self.start, self.end]
        if self.random.random() < 0.6:
            self.statement(*self.random.choice(self.engines))
        else:
            self.random.choice(events)()
        for engine, model in self.engines:
            show(engine, model)

    def close(self) -> None:
        for engine, _ in self.engines:
            engine.close()


def play(seed: int, folder: Path, engine: Engine, model: Model, steps: int) -> None:
    history = History(seed, folder, engine, model)
    try:
        for _ in range(steps):
            history.step()
    finally:
        history.close()


def first() -> tuple[Engine, Model]:
    engine = Engine()
    reply = engine.exec_protocol_raw(wire.query(SETUP))
    assert wire.errors(reply) == []
    return engine, Model()


@pytest.mark.parametrize("seed", range(4))
def test_forks_never_see_each_other(seed: int, tmp_path: Path) -> None:
    play(seed, tmp_path, *first(), STEPS)


def test_forks_in_threads_never_see_each_other(tmp_path: Path) -> None:
    """Each thread with forks of its own, all of one engine."""
    base, model = first()
    for name in ("table_1", "temp_1"):
        base.exec_protocol_raw(wire.query(f"create table {name} as select 7 as n"))
        model.tables[name] = [7]
    failures: list[BaseException] = []

    def work(seed: int, engine: Engine) -> None:
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            play(seed, folder, engine, deepcopy(model), STEPS // 6)
        except BaseException as failure:  # to be raised in the thread that tests
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seed, base.fork())) for seed in range(100, 106)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure
    show(base, model)
    base.close()
