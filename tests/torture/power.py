"""Power cuts: what a workload has written and synced is played up to any point, and the rest lost.

Each cut is another end of the same recording: the same acknowledgements before it, and a directory
with what a disk may hold then (disk.py). It is opened, recovered and checked. Of some cuts the
recovery is recorded in its turn, and cut.
"""

from __future__ import annotations

import itertools
import random
import shutil
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import progress
from tests.torture.clock import Clock
from tests.torture.disk import LOSSES
from tests.torture.recording import Operation, Recording, compile_recorder, record
from tests.torture.report import Result, Table
from tests.torture.workload import Workload
from tests.torture.workloads import make

AGAIN_SHARE = 0.1  # of the cuts, how many are followed by a recording of the recovery
AGAIN_CUTS, AGAIN_STEPS = 3, 2


@dataclass(frozen=True)
class Begun:
    """A folder that a workload continues in, and what it has acknowledged before."""

    place: Path
    said: tuple[str, ...]


class Cuts:
    """Power cuts of recorded workloads, in a folder."""

    def __init__(self, root: Path, seed: int) -> None:
        self.cuts: Counter[str] = Counter()
        """By workload."""
        self.losses: Counter[str] = Counter()
        """By what was lost."""
        self.records: Counter[str] = Counter()
        """Changes and syncs, by workload."""
        self.again = 0
        """How many of the cuts were of a recovery."""
        self._root = root
        self._chance = random.Random(seed)
        self._recorder = compile_recorder(root)
        self._number = 0

    def cut(self, name: str, at_most: int = sys.maxsize) -> None:
        """Record a workload once, and cut it at some points.

        Raises:
            AssertionError: something was lost, or is damaged.
        """
        workload = make(name)
        try:
            place = self._new_place()
            place.mkdir()
            workload.prepare(place)
            for begun in self._cut(
                workload, Begun(place, ()), min(workload.cuts, at_most), workload.recorded_steps
            ):
                for further in self._cut(workload, begun, AGAIN_CUTS, AGAIN_STEPS):
                    shutil.rmtree(further.place)
                self.again += AGAIN_CUTS
        finally:
            workload.close()

    def _cut(self, workload: Workload, begun: Begun, count: int, steps: int) -> list[Begun]:
        """Return folders as they were after some of the cuts."""
        seed = self._chance.randrange(10**9)
        recording = record(self._recorder, workload, begun.place, seed, steps)
        shutil.rmtree(begun.place)
        self.records[workload.name] += len(recording.records)
        said, position, kept = list(begun.said), 0, []
        for point in sorted(self._chance.choices(range(len(recording.records) + 1), k=count)):
            said += _play(recording, position, point)
            position = point
            loss, loss_seed = self._chance.choice(list(LOSSES)), self._chance.randrange(10**9)
            place = self._after(recording, loss, loss_seed)
            try:
                _check(workload.name, place, said)
            except Exception as error:
                what = f"seed {seed}, {loss} after {point} of {len(recording.records)}, in {place}"
                raise AssertionError(f"{workload.name}: {what}: {error}") from error
            shutil.rmtree(place)
            self.cuts[workload.name] += 1
            self.losses[loss] += 1
            if self._chance.random() < AGAIN_SHARE:
                kept.append(Begun(self._after(recording, loss, loss_seed), tuple(said)))
        return kept

    def _after(self, recording: Recording, loss: str, seed: int) -> Path:
        """Return a folder of what there is after the power has been cut now."""
        place = self._new_place()
        recording.disk.materialize(place, LOSSES[loss](random.Random(seed)))
        return place

    def _new_place(self) -> Path:
        self._number += 1
        return self._root / f"cut{self._number}"


def run(arguments: Namespace, folder: Path, clock: Clock) -> Result:
    """Record and cut, workload after workload, until the time is over, or there were enough."""
    cuts, wanted = Cuts(folder, arguments.seed), arguments.count or sys.maxsize
    for name in itertools.cycle(arguments.only):
        if cuts.cuts.total() >= wanted or clock.is_over:
            break
        progress.show(f"{cuts.cuts.total()} power cuts, now of {name}")
        cuts.cut(name)
    rows = [(name, cuts.cuts[name], cuts.records[name]) for name in arguments.only]
    return Result(
        "power",
        "Power cuts",
        arguments.seed,
        clock.seconds,
        f"{cuts.cuts.total():,} power cuts at as many points of {cuts.records.total():,} recorded "
        f"changes and syncs, {cuts.again:,} of them during a recovery: nothing lost, nothing "
        "damaged.",
        [
            Table("By workload", ["", "power cuts", "recorded"], rows),
            Table("What was not synced", ["", "power cuts"], list(cuts.losses.items())),
        ],
    )


def _play(recording: Recording, start: int, end: int) -> list[str]:
    """Carry out some of the records; return what was said among them."""
    said = []
    for each in recording.records[start:end]:
        each.play(recording.disk)
        if each.operation == Operation.SAID:
            said += each.text.decode().splitlines()
    return said


def _check(name: str, place: Path, said: Sequence[str]) -> None:
    workload = make(name)
    try:
        for line in said:
            word, *numbers = line.split()
            workload.hear(word, *map(int, numbers))
        workload.check(place, power=True)
    finally:
        workload.close()
