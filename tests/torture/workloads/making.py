"""Directories that are made: by unpacking the packaged cluster."""

from __future__ import annotations

import itertools
import random
import shutil
from pathlib import Path

from pglite_native import Engine
from tests.engine.sql import run, value
from tests.torture import checks
from tests.torture.workload import Say, Steps, Workload


class Making(Workload):
    name = "making"
    longest_s = 0.3
    recorded_steps = 2
    cuts = 6

    def __init__(self) -> None:
        super().__init__()
        self.made: set[int] = set()

    def prepare(self, place: Path) -> None:
        """There is nothing before."""

    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        for n in itertools.count(1 + max((int(p.name) for p in place.iterdir()), default=0)):
            with Engine(place / str(n)) as engine:
                run(engine, "create table t as select 1 as n")
                say("made", n)
            yield

    def hear_made(self, n: int) -> None:
        self.made.add(n)

    def check(self, place: Path, *, power: bool = False) -> None:
        there = {int(path.name) for path in place.iterdir()}
        assert self.made <= there, f"lost: {self.made - there}"
        for n in there:
            with Engine(place / str(n)) as engine:
                has_table = value(engine, "select to_regclass('t')") is not None
                assert has_table or n not in self.made, n
                run(engine, "create extension amcheck")
                checks.check_relations(engine)
            checks.check_files(place / str(n))
            shutil.rmtree(place / str(n))
        self.made.clear()
        self.runs = 0
