"""DDL: tables made, rewritten, truncated, renamed and dropped, several in one transaction."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture.workload import DatabaseWorkload, Say, Steps

ROWS = 300


class Schema(DatabaseWorkload):
    """Of version v there are the tables d_v, d_v-1, d_v-2: new, rewritten, and empty."""

    name = "schema"
    schema = "create table version (v int); insert into version values (0)"
    in_flight = 20  # three tables with TOAST and an index each, and what each was rewritten to

    def __init__(self) -> None:
        super().__init__()
        self.version = 0

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        v = int(value(engine, "select v from version") or 0)
        while True:
            v += 1
            steps = [
                f"create table making (n serial primary key, t text);"
                f"insert into making select g, repeat('x', 3000) from generate_series(1, {ROWS}) g",
                f"alter table making rename to d_{v}",
                f"alter table d_{v - 1} alter n type bigint, add m int default {v}"
                if v > 1
                else "select",
                f"truncate d_{v - 2}" if v > 2 else "select",
                f"drop table d_{v - 3}" if v > 3 else "select",
                f"update version set v = {v}",
            ]
            run(engine, "begin")
            for step in steps:
                run(engine, step)
            if chance.random() < 0.2:
                run(engine, "rollback")
                v -= 1
            else:
                run(engine, "commit")
                say("migrated", v)
            if chance.random() < 0.2:
                run(engine, "checkpoint")
            yield

    def hear_migrated(self, v: int) -> None:
        self.version = v

    def verify(self, engine: Engine) -> None:
        v = int(value(engine, "select v from version") or 0)
        assert self.version <= v <= self.version + self.runs, (self.version, v)
        there = {name for (name,) in run(engine, "select tablename from pg_tables")}
        tables = {name for name in there if name and name.startswith(("d_", "making"))}
        wanted = {f"d_{n}" for n in range(max(v - 2, 1), v + 1)}
        assert tables == wanted, (v, tables)
        for name in tables:
            age = v - int(name[2:])
            rows = 0 if age == 2 else ROWS
            assert value(engine, f"select count(*) from {name}") == str(rows), name
            kinds = run(engine, f"select distinct pg_typeof(n) from {name}")
            assert kinds == [[("integer",)], [("bigint",)], []][age], (name, kinds)
        self.version = v
