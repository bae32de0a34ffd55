"""Updates and deletes, and VACUUM of all kinds after them."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture.workload import DatabaseWorkload, Say, Steps

ROWS = 2000
KINDS = ["vacuum t", "vacuum (freeze) t", "vacuum full t", "cluster t using t_pkey", "analyze t",
         "vacuum (index_cleanup on, truncate on) t", "vacuum full pg_class", "vacuum"]  # fmt: skip


class Vacuum(DatabaseWorkload):
    """Each step adds one to a column of every fifth row, and moves rows to the end and back."""

    name = "vacuum"
    schema = f"""
        create table t (id int primary key, n int, pad text);
        insert into t select g, 0, repeat('x', 200) from generate_series(1, {ROWS}) g;
        create index on t (n)"""
    in_flight = 8

    def __init__(self) -> None:
        super().__init__()
        self.steps_done = 0

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        while True:
            run(
                engine,
                f"begin; update t set n = n + 1 where id % 5 = {chance.randrange(5)};"
                "create temp table gone on commit drop as select * from t where id > 1500;"
                "delete from t where id > 1500; insert into t select * from gone; commit",
            )
            say("stepped")
            run(engine, "begin; delete from t; rollback")
            run(engine, chance.choice(KINDS))
            if chance.random() < 0.1:
                run(engine, "checkpoint")
            yield

    def hear_stepped(self) -> None:
        self.steps_done += 1

    def verify(self, engine: Engine) -> None:
        assert value(engine, "select count(*) from t") == str(ROWS)
        done, rest = divmod(int(value(engine, "select sum(n) from t") or 0), ROWS // 5)
        assert rest == 0, "a half update"
        assert self.steps_done <= done <= self.steps_done + self.runs, (self.steps_done, done)
        self.steps_done = done
