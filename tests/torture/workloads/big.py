"""Transactions that write more than the buffers and the WAL's segments hold."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture.workload import DatabaseWorkload, Say, Steps

ROWS = 4000
KEPT = 3


class Big(DatabaseWorkload):
    name = "big"
    schema = "create table t (v int, n int, s text, primary key (v, n))"
    settings = {"shared_buffers": "1MB", "max_wal_size": "4MB", "wal_buffers": "64kB"}  # noqa: RUF012
    longest_s = 2.0
    recorded_steps = 6

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        v = int(value(engine, "select coalesce(max(v), 0) from t") or 0)
        while True:
            v += 1
            run(
                engine,
                f"begin; insert into t select {v}, g, repeat(md5(g::text), 1 + g % 20)"
                f" from generate_series(1, {ROWS}) g; savepoint s;"
                f" update t set s = s || 'x' where v = {v}; rollback to s;"
                f" delete from t where v <= {v - KEPT}",
            )
            if chance.random() < 0.3:
                run(engine, "rollback")
                v -= 1
            else:
                run(engine, "commit")
                say("written", v)
            yield

    def hear_written(self, v: int) -> None:
        self.last = v

    def verify(self, engine: Engine) -> None:
        last = int(value(engine, "select coalesce(max(v), 0) from t") or 0)
        assert self.last <= last <= self.last + self.runs, (self.last, last)
        found = run(engine, "select v, count(*) from t where s = repeat(md5(n::text), 1 + n % 20)"
                            " group by v order by v")  # fmt: skip
        wanted = [(str(v), str(ROWS)) for v in range(max(last - KEPT + 1, 1), last + 1)]
        assert found == wanted, found
        self.last = last
