"""`pglite-native extension add` and `remove`: one set of extensions, or the one before."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pglite_native import extensions
from pglite_native.engine.store import HOME_VARIABLE, cache
from tests.cli import tarballs
from tests.torture.workload import Say, Steps, Workload

NAMES = ["first", "second"]


class ExtensionAdd(Workload):
    name = "extension"
    longest_s = 4.0
    survivors = True
    recorded_steps = 2
    cuts = 3

    def __init__(self) -> None:
        super().__init__()
        self.there: set[int] = set()
        self.in_doubt: set[int] = set()

    def prepare(self, place: Path) -> None:
        for name in NAMES:
            tarballs.write(place / f"{name}.tar.gz", tarballs.sql_only(name))
        (place / "home").mkdir()

    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        os.environ[HOME_VARIABLE] = str(place / "home")
        for number in itertools.cycle(range(len(NAMES))):
            say("changing", number)
            if NAMES[number] in extensions.added():
                extensions.remove(NAMES[number])
                say("removed", number)
            else:
                extensions.add(place / f"{NAMES[number]}.tar.gz")
                say("added", number)
            yield

    def hear_changing(self, number: int) -> None:
        self.in_doubt.add(number)

    def hear_added(self, number: int) -> None:
        self.in_doubt.discard(number)
        self.there.add(number)

    def hear_removed(self, number: int) -> None:
        self.in_doubt.discard(number)
        self.there.discard(number)

    def check(self, place: Path, *, power: bool = False) -> None:
        with _home(place / "home"):
            there = {NAMES.index(name) for name in extensions.added()}
            assert there ^ self.there <= self.in_doubt, (there, self.there, self.in_doubt)
            for number in there:
                answer = _sql(f"create extension {NAMES[number]}; select {NAMES[number]}()")
                assert "42" in answer, answer
            # The next change removes what was left.
            for number in there:
                extensions.remove(NAMES[number])
            extensions.add(place / f"{NAMES[0]}.tar.gz")
            notes = cache()
        (store,) = (path for path in (place / "home").iterdir() if path != notes)
        names = {path.name for path in store.iterdir()}
        assert "current" in names and "lock" in names
        rest = [name for name in names if name not in ("current", "lock") and not name.isdecimal()]
        assert not rest and len(names) <= 4, names
        self.there, self.runs = {0}, 0
        self.in_doubt.clear()


@contextmanager
def _home(path: Path) -> Iterator[None]:
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOME_VARIABLE]
        else:
            os.environ[HOME_VARIABLE] = before


def _sql(sql: str) -> str:
    """The extensions are those of a process."""
    command = [sys.executable, "-m", "pglite_native", "sql", sql]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
