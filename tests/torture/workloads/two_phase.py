"""Prepared transactions: they stay over a crash until somebody decides."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture.workload import DatabaseWorkload, Say, Steps

OPEN = 8  # at most, prepared and not decided


class TwoPhase(DatabaseWorkload):
    name = "two-phase"
    schema = "create table t (n int primary key, s text); create table log (n int)"
    settings = {"max_prepared_transactions": str(2 * OPEN)}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.prepared: set[int] = set()
        self.committed: set[int] = set()
        self.rolled_back: set[int] = set()
        self.in_doubt: set[int] = set()

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        held = {int(gid or 0) for (gid,) in run(engine, "select gid from pg_prepared_xacts")}
        last = max(int(value(engine, "select coalesce(max(n), 0) from log") or 0), *held, 0)
        while True:
            last += 1
            run(engine, f"insert into log values ({last})")
            say("trying", last)
            run(engine, f"begin; insert into t values ({last}, repeat('x', 3000));"
                        f"prepare transaction '{last}'")  # fmt: skip
            say("prepared", last)
            held.add(last)
            if chance.random() < 0.1:
                run(engine, "checkpoint")
            while len(held) > OPEN or (held and chance.random() < 0.4):
                n = chance.choice(sorted(held))
                how = chance.choice(["commit", "rollback"])
                say("trying", n)
                run(engine, f"{how} prepared '{n}'")
                say("committed" if how == "commit" else "cancelled", n)
                held.discard(n)
            yield

    def hear_trying(self, n: int) -> None:
        self.in_doubt.add(n)
        self.prepared.discard(n)

    def hear_prepared(self, n: int) -> None:
        self.in_doubt.discard(n)
        self.prepared.add(n)

    def hear_committed(self, n: int) -> None:
        self.in_doubt.discard(n)
        self.committed.add(n)

    def hear_cancelled(self, n: int) -> None:
        self.in_doubt.discard(n)
        self.rolled_back.add(n)

    def verify(self, engine: Engine) -> None:
        held = {int(gid or 0) for (gid,) in run(engine, "select gid from pg_prepared_xacts")}
        rows = {int(n or 0) for (n,) in run(engine, "select n from t where length(s) = 3000")}
        assert self.prepared <= held, f"prepared and lost: {self.prepared - held}"
        assert self.committed <= rows, f"committed and lost: {self.committed - rows}"
        assert held - self.prepared <= self.in_doubt, "prepared again"
        assert rows - self.committed <= self.in_doubt, "committed by no transaction"
        assert not held & rows
        self.prepared, self.committed = held, rows
        self.rolled_back |= self.in_doubt - held - rows
        self.in_doubt.clear()
