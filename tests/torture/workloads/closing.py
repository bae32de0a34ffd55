"""Opening and closing, with what is only removed or written then: dropped and unlogged tables."""

from __future__ import annotations

import random
from pathlib import Path

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture.workload import DatabaseWorkload, Say, Steps


class Closing(DatabaseWorkload):
    name = "closing"
    schema = "create table t (n int primary key); create unlogged table u (n int)"
    longest_s = 0.4
    in_flight = 2
    recorded_steps = 6

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        while True:
            with self.open(place) as engine:
                n = 1 + int(value(engine, "select coalesce(max(n), 0) from t") or 0)
                run(engine, f"insert into t values ({n}); insert into u values ({n})")
                say("inserted", n)
                run(engine, "drop table if exists gone; create table gone as select * from t")
                run(engine, "create temp table x as select * from t")
            yield

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        raise NotImplementedError

    def hear_inserted(self, n: int) -> None:
        self.last = n

    def verify(self, engine: Engine) -> None:
        ((count, last),) = run(engine, "select count(*), coalesce(max(n), 0) from t")
        assert count == last, "there are holes"
        assert self.last <= int(last or 0) <= self.last + self.runs, (self.last, last)
        self.last = int(last or 0)
