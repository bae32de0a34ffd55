"""Recovery itself: opened again and again after kills, with much to be done."""

from __future__ import annotations

import random

from pglite_native import Engine
from tests.engine.sql import run
from tests.torture.workload import Say, Steps
from tests.torture.workloads.inserts import Inserts


class Recovery(Inserts):
    """A step is that of inserts; so that it meets the opening, a kill comes soon."""

    name = "recovery"
    longest_s = 0.08
    in_flight = 2

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        for _ in super().work(engine, chance, say):
            run(engine, "begin; create table much as select generate_series(1, 5000) n; rollback")
            yield
