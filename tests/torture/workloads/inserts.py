"""Transactions of some inserts: with savepoints, rolled back, with checkpoints between them."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture.workload import DatabaseWorkload, Say, Steps


class Inserts(DatabaseWorkload):
    name = "inserts"
    schema = """
        create table a (n int primary key); create table b (n int primary key, s text);
        create unlogged table u (n int)"""

    def __init__(self) -> None:
        super().__init__()
        self.there: set[int] = set()

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        n = int(value(engine, "select coalesce(max(n), 0) from a") or 0)
        while True:
            n += 1
            run(engine, f"begin; insert into a values ({n})")
            length = chance.choice([10, 2000, 100_000])
            run(engine, f"insert into b values ({n}, repeat(md5('{n}'), {length} / 32 + 1))")
            if n % 5 == 0:
                run(engine, f"savepoint s; insert into a values (-{n}); rollback to s")
            if n % 7 == 0:
                run(engine, "rollback")
            else:
                run(engine, f"insert into u values ({n}); commit")
                say("inserted", n)
            if chance.random() < 0.05:
                run(engine, "checkpoint")
            yield

    def hear_inserted(self, n: int) -> None:
        self.there.add(n)

    def verify(self, engine: Engine) -> None:
        a = {int(n or 0) for (n,) in run(engine, "select n from a")}
        whole = "select n from b where s = repeat(md5(n::text), length(s) / 32)"
        b = {int(n or 0) for (n,) in run(engine, whole)}
        assert a == b, f"half transactions: {a ^ b}"
        assert self.there <= a, f"lost: {self.there - a}"
        assert len(a - self.there) <= self.runs, f"never committed: {a - self.there}"
        assert not any(n < 0 or n % 7 == 0 for n in a), "rolled back"
        u = {int(n or 0) for (n,) in run(engine, "select n from u")}
        assert u <= a, f"unlogged, half transactions: {u - a}"
        self.there = a
