"""SIGKILL at random moments: a child works, is killed, and what it has left is checked.

A kill shows nothing of what was not synced: the system keeps what a dead process has written, and
power.py drops it. Some kills are not followed by a check, so that recovery meets what was recovered
in part only.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import progress
from tests.engine.child import ROOT
from tests.torture.clock import Clock
from tests.torture.report import Result, Table
from tests.torture.workload import Workload
from tests.torture.workloads import make

PATIENCE_S = 120.0
SHORTEST_S = 0.0005
POLL_S = 0.001
UNCHECKED = 3  # kills without a check, at most


class Torture:
    """Workloads in folders of their own, killed and checked by turns."""

    def __init__(self, root: Path, names: Sequence[str], seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self.checks: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._stack = ExitStack()
        self._workloads: list[tuple[Workload, Path]] = []
        with contextlib.ExitStack() as stack:
            for name in names:
                workload = make(name)
                stack.callback(workload.close)
                (root / name).mkdir()
                workload.prepare(root / name)
                self._workloads.append((workload, root / name))
            self._stack = stack.pop_all()

    def __enter__(self) -> Torture:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def round(self) -> None:
        """Kill one workload, perhaps more than once, and check it.

        Raises:
            AssertionError, EngineError, SqlError: something was lost, or is damaged.
        """
        workload, place = self._workloads.pop(0)
        self._workloads.append((workload, place))
        for _ in range(1 + self._chance.randrange(1 + UNCHECKED)):
            delay_s = self._delay_s(workload.longest_s)
            for line in kill_after(delay_s, workload, place, self._chance.randrange(10**9)):
                word, *numbers = line.split()
                workload.hear(word, *map(int, numbers))
                self.said[workload.name] += word != "start"
            self.kills[workload.name] += 1
        workload.check(place)
        self.checks[workload.name] += 1

    def _delay_s(self, longest_s: float) -> float:
        """Even, for the work; or even in the logarithm, for the opening, which is short."""
        if self._chance.random() < 0.5:
            return self._chance.uniform(0, longest_s)
        return SHORTEST_S * float((longest_s / SHORTEST_S) ** self._chance.random())


def run(arguments: Namespace, folder: Path, clock: Clock) -> Result:
    """Kill until the time is over, or there were enough."""
    wanted = arguments.count or sys.maxsize
    with Torture(folder, arguments.only, arguments.seed) as torture:
        while torture.kills.total() < wanted and not clock.is_over:
            progress.show(f"{torture.kills.total()} kills, {torture.checks.total()} checks")
            torture.round()
    rows = [
        (name, torture.kills[name], torture.checks[name], torture.said[name])
        for name in arguments.only
    ]
    return Result(
        "kills",
        "Killed at random moments",
        arguments.seed,
        clock.seconds,
        f"{torture.kills.total():,} kills, {torture.checks.total():,} checks of what they left, "
        f"{torture.said.total():,} acknowledgements: nothing lost, nothing damaged.",
        [Table("By workload", ["", "kills", "checks", "acknowledged"], rows)],
    )


def kill_after(delay_s: float, workload: Workload, place: Path, seed: int) -> list[str]:
    """Run it for a time from its beginning on; return what it has said."""
    said = place.with_suffix(".said")
    complaints = place.with_suffix(".complaints")
    with said.open("wb") as output, complaints.open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.child", workload.name, str(place), str(seed)],
            cwd=ROOT,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE_S
    while said.stat().st_size == 0 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_S)
    time.sleep(delay_s)
    child.kill()
    child.wait()
    if not (workload.survivors and seed % 2):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL, (
        f"{workload.name} has ended by itself, with {child.returncode}, seed {seed}:\n"
        f"{complaints.read_text()}"
    )
    return said.read_text().splitlines()
