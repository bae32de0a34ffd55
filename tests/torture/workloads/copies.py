"""A data directory that is dumped and copied while it is in use."""

from __future__ import annotations

import io
import random

from pglite_native import Engine
from tests.engine.sql import value
from tests.torture.workload import Say, Steps
from tests.torture.workloads.inserts import Inserts


class Copies(Inserts):
    """For a dump, pg_control says for a while that the cluster was shut down."""

    name = "copies"
    recorded_steps = 8

    def work(self, engine: Engine, chance: random.Random, say: Say) -> Steps:
        for _ in super().work(engine, chance, say):
            there = value(engine, "select count(*) from a")
            if chance.random() < 0.5:
                sink = io.BytesIO()
                engine.dump_data_dir(sink, compression="none")
                sink.seek(0)
                copy = Engine(load_data_dir=sink)
            else:
                copy = engine.copy_to_memory()
            with copy:
                assert value(copy, "select count(*) from a") == there
                assert value(copy, "select count(*) from b") == there
            yield
