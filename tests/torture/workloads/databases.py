"""CREATE DATABASE, by either strategy, and DROP DATABASE."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture import checks
from tests.torture.workload import DatabaseWorkload, Say, Steps

KEPT = 2


class Databases(DatabaseWorkload):
    name = "databases"
    schema = "create table t as select generate_series(1, 1000) as n"
    longest_s = 2.0
    recorded_steps = 6

    def __init__(self) -> None:
        super().__init__()
        self.there: set[int] = set()
        self.in_doubt: set[int] = set()

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        there = sorted(_databases(engine))
        while True:
            n = max(there, default=0) + 1
            strategy = chance.choice(["wal_log", "file_copy"])
            say("trying", n)
            run(engine, f"create database d{n} strategy {strategy}")
            say("created", n)
            there.append(n)
            with engine.open_session(database=f"d{n}") as session:
                run(session, "create table t as select generate_series(1, 1000) as n")
            while len(there) > KEPT:
                n = there.pop(chance.randrange(len(there) - 1))
                say("trying", n)
                run(engine, f"drop database d{n}")
                say("dropped", n)
            yield

    def hear_trying(self, n: int) -> None:
        self.in_doubt.add(n)

    def hear_created(self, n: int) -> None:
        self.in_doubt.discard(n)
        self.there.add(n)

    def hear_dropped(self, n: int) -> None:
        self.in_doubt.discard(n)
        self.there.discard(n)

    def verify(self, engine: Engine) -> None:
        assert value(engine, "select count(*) from t") == "1000"
        # DROP DATABASE that is killed in its middle leaves one that can only be dropped again.
        invalid = "select datname from pg_database where datconnlimit = -2"
        for (name,) in run(engine, invalid):
            assert name is not None and int(name[1:]) in self.in_doubt, name
            run(engine, f"drop database {name}")
        found = _databases(engine)
        assert found - self.in_doubt == self.there - self.in_doubt, (found, self.there)
        for n in found:
            with engine.open_session(database=f"d{n}") as session:
                run(session, "create extension if not exists amcheck")
                checks.check_relations(session)
                count = "select count(*) from t"
                if value(session, "select to_regclass('t')") is not None:
                    assert value(session, count) == "1000"
        self.there = found
        self.in_doubt.clear()


def _databases(engine: Engine) -> set[int]:
    sql = "select substr(datname, 2)::int from pg_database where datname ~ '^d[0-9]+$'"
    return {int(n or 0) for (n,) in run(engine, sql)}
