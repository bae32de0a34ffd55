"""What a workload is: something to do to a database, and what has to be there after any end."""

from __future__ import annotations

import abc
import random
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import ClassVar

from pglite_native import Engine
from tests.engine.sql import run
from tests.torture import checks

Say = Callable[..., None]
Steps = Generator[None, None, None]


class Workload(abc.ABC):
    """Its child process does `steps` and says what was acknowledged; the tester hears and checks.

    An object of a subclass is what a tester has heard. A child's work begins with the word "start",
    and every word is said before the next step begins.
    """

    name: ClassVar[str]
    longest_s: ClassVar[float] = 1.0
    """How late a kill may come."""
    recorded_steps: ClassVar[int] = 25
    """How many steps a recording is of, and at how many points it is cut."""
    cuts: ClassVar[int] = 20
    survivors: ClassVar[bool] = False
    """Whether the processes that it has started may survive it."""

    def __init__(self) -> None:
        self.runs = 0
        """Beginnings since the last check: each may have left one step in doubt."""

    @abc.abstractmethod
    def prepare(self, place: Path) -> None:
        """Make what it works on, in an empty folder."""

    @abc.abstractmethod
    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        """Work for ever, in a process that may end at any moment."""

    def hear(self, word: str, *numbers: int) -> None:
        """Take note of what a child has said."""
        if word == "start":
            self.runs += 1
        else:
            getattr(self, f"hear_{word}")(*numbers)

    @abc.abstractmethod
    def check(self, place: Path, *, power: bool = False) -> None:
        """Open what was left, and compare it with what was heard.

        After a power cut files that were removed may be there again.
        """

    def close(self) -> None:  # noqa: B027 - most have nothing to give up
        """Give up what was made outside of its folder."""


class DatabaseWorkload(Workload):
    """One on a data directory, which is opened once for all steps."""

    schema: ClassVar[str]
    settings: ClassVar[Mapping[str, str]] = {}
    in_flight: ClassVar[int] = 0
    """How many relations a transaction that has not been committed may have made.

    PostgreSQL leaves their files behind when it is killed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._orphans: set[str] = set()

    def prepare(self, place: Path) -> None:
        with self.open(place) as engine:
            run(engine, f"create extension amcheck; {self.schema}")

    def open(self, place: Path) -> Engine:
        return Engine(place / "data", settings=self.settings)

    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        with self.open(place) as engine:
            yield from self.work(engine, chance, say)

    @abc.abstractmethod
    def work(
        self, engine: Engine, chance: random.Random, say: Say
    ) -> Generator[None, None, None]: ...

    def check(self, place: Path, *, power: bool = False) -> None:
        with self.open(place) as engine:
            checks.check_relations(engine)
            self.verify(engine)
            known = checks.relation_files(engine)
        checks.check_files(place / "data")
        if not power:
            orphans = checks.files_beside(place / "data", known)
            # Empty ones may be of dropped relations: a checkpoint unlinks them after it has written
            # its record, and PostgreSQL forgets them where it is killed in between.
            new = {
                name for name in orphans - self._orphans if (place / "data" / name).stat().st_size
            }
            assert len(new) <= self.runs * self.in_flight, f"files without a relation: {new}"
            self._orphans = orphans
        self.runs = 0

    @abc.abstractmethod
    def verify(self, engine: Engine) -> None:
        """Compare what is there with what was heard."""
