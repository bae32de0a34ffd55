"""Indexes of all kinds: built, built concurrently, rebuilt and dropped, of a table that changes."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture.workload import DatabaseWorkload, Say, Steps

ROWS = 3000

# kind: what is indexed, and a condition that the index can answer
KINDS = {
    "btree": ("n", "n < 1000"),
    "hash": ("t", "t = md5('17')"),
    "gin": ("a", "a @> array[3]"),
    "gist": ("r", "r && int4range(10, 20)"),
    "spgist": ("t", "t < '2'"),
    "brin": ("n", "n > 2900"),
}


class Indexes(DatabaseWorkload):
    name = "indexes"
    schema = f"""
        create table t as select g as n, md5(g::text) as t, array[g % 7, g % 11] as a,
            int4range(g, g + 5) as r, 0 as touched from generate_series(1, {ROWS}) g;
        alter table t add primary key (n)"""
    in_flight = 8  # REINDEX TABLE: six, the primary key, that of the TOAST table

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[int, bool] = {}
        """By the number of a kind: whether there is an index of it; not in it: in doubt."""

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        _drop_invalid(engine)
        while True:
            number = chance.randrange(len(KINDS))
            kind, (column, _) = list(KINDS.items())[number]
            concurrently = chance.choice(["", "concurrently"])
            say("changing", number)
            run(engine, f"drop index {concurrently} if exists i_{kind}")
            say("dropped", number)
            if chance.random() < 0.8:
                say("changing", number)
                run(engine, f"create index {concurrently} i_{kind} on t using {kind} ({column})")
                say("created", number)
            some = f"n % 50 = {chance.randrange(50)}"
            run(engine, f"update t set touched = touched + 1, t = t where {some}")
            if chance.random() < 0.3:
                run(engine, f"reindex table {chance.choice(['', 'concurrently'])} t")
            if chance.random() < 0.1:
                run(engine, "vacuum t")
                run(engine, "checkpoint")
            yield

    def hear_changing(self, number: int) -> None:
        self.there.pop(number, None)

    def hear_dropped(self, number: int) -> None:
        self.there[number] = False

    def hear_created(self, number: int) -> None:
        self.there[number] = True

    def verify(self, engine: Engine) -> None:
        for number, (kind, (_, condition)) in enumerate(KINDS.items()):
            valid = value(
                engine,
                "select count(*) from pg_index"
                f" where indexrelid = to_regclass('i_{kind}') and indisvalid",
            )
            assert valid == str(int(self.there.get(number, valid == "1"))), (kind, valid)
            count = f"select count(*), sum(n) from t where {condition}"
            run(engine, "set enable_seqscan = off")
            by_index = run(engine, count)
            run(engine, "reset enable_seqscan; set enable_indexscan = off;"
                        "set enable_bitmapscan = off; set enable_indexonlyscan = off")  # fmt: skip
            assert run(engine, count) == by_index, kind
            run(engine, "reset all")
        assert value(engine, "select count(*) from t") == str(ROWS)
        _drop_invalid(engine)


def _drop_invalid(engine: Engine) -> None:
    """Drop what a killed concurrent build has left, which PostgreSQL's manual leaves to its users.

    A REINDEX would rebuild each of them, too, and a concurrent one leave twice as many.
    """
    invalid = "select indexrelid::regclass from pg_index where not indisvalid"
    for (index,) in run(engine, invalid):
        run(engine, f"drop index {index}")
