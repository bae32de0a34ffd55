"""Tablespaces, which lie in a data directory here: made, filled, moved between, dropped."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value
from tests.torture.workload import DatabaseWorkload, Say, Steps

ROWS = 500


class Tablespaces(DatabaseWorkload):
    """Step n makes place_n and moves the table there; the place before is dropped."""

    name = "tablespaces"
    schema = f"""
        create table t as select g as n, repeat('x', 300) as s from generate_series(1, {ROWS}) g;
        alter table t add primary key (n); create table step (n int); insert into step values (0)"""
    settings = {"allow_in_place_tablespaces": "on"}  # noqa: RUF012
    in_flight = 6

    def __init__(self) -> None:
        super().__init__()
        self.last = 0

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        while True:
            n = int(value(engine, "select n from step") or 0) + 1
            if n not in _places(engine):
                run(engine, f"create tablespace place_{n} location ''")
            run(
                engine,
                f"begin; alter table t set tablespace place_{n};"
                f"alter index t_pkey set tablespace {chance.choice([f'place_{n}', 'pg_default'])};"
                f"update t set s = s where n % 7 = {n % 7}; update step set n = {n}; commit",
            )
            say("moved", n)
            if chance.random() < 0.2:
                run(engine, "checkpoint")
            for old in _places(engine) - {n}:
                # A killed transaction may have left files in it, as on any server.
                assert sqlstate(engine, f"drop tablespace place_{old}") in ("00000", "55000")
            yield

    def hear_moved(self, n: int) -> None:
        self.last = n

    def verify(self, engine: Engine) -> None:
        n = int(value(engine, "select n from step") or 0)
        assert self.last <= n <= self.last + self.runs, (self.last, n)
        assert value(engine, "select count(*) from t where length(s) = 300") == str(ROWS)
        place = value(engine, "select pg_relation_filepath('t')")
        assert place is not None and place.startswith("pg_tblspc/" if n else "base/"), place
        assert n == 0 or n in _places(engine)
        self.last = n


def _places(engine: Engine) -> set[int]:
    sql = "select substr(spcname, 7) from pg_tablespace where spcname like 'place%'"
    return {int(n or 0) for (n,) in run(engine, sql)}
