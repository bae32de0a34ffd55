"""500 small tests on a schema of 30 tables: each with a fresh database, and otherwise."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import progress, py_pglite
from bench.figures import Figure, Group
from bench.machine import ROOT
from bench.py_pglite import NODE, SITE

PYTEST = (
    *("-m", "pytest", "bench/suite", "-q", "-c", os.devnull, "--rootdir", "."),
    *("--import-mode=importlib", "-p", "no:cacheprovider", "-p", "pglite_native.pytest_plugin"),
    # Plugins that may be there, and would be a part of what is measured.
    *(f"-pno:{name}" for name in ("anyio", "asyncio", "cov", "django", "py_pglite", "xdist")),
)

SOME = "0]"  # one in ten, by the end of its name

FACTOR = 2.0
"""What isolation may cost, in times of what goes without."""


class Way(NamedTuple):
    title: str
    fixture: str  # of bench/suite/conftest.py


PAIRS = (
    (Way("PGlite, a fork for each test", "in_process"), Way("PGlite, shared", "in_process_shared")),
    (
        Way("psycopg, a fork for each test", "by_psycopg"),
        Way("psycopg, one connection", "by_psycopg_shared"),
    ),
)
TRUNCATED = Way("psycopg, one connection, truncating after each test", "by_psycopg_truncated")
OTHERS = (
    Way(f"{py_pglite.PINNED}: psycopg, one connection", "by_py_pglite_shared"),
    Way(f"{py_pglite.PINNED}: the same, truncating after each test", "by_py_pglite_truncated"),
)


def run(rounds: int) -> Iterable[Group]:
    wall = Group(
        "Test suites",
        "500 tests with some three queries each, on a schema of 30 tables (bench/suite), by "
        "pytest in one process; wall time of the whole run, start, schema and all.",
    )
    processor = Group("Test suites: processor time", "User and system time of the same runs.")
    test = Group(
        "Test suites: a test",
        "Setup, call and teardown of a test in the same runs: the mean of all but the first. "
        "Truncation is one TRUNCATE of all tables; as it takes long, these are 50 of the tests.",
    )
    often = [way for pair in PAIRS for way in pair]
    some = [TRUNCATED]
    try:
        py_pglite.install()
        _measure(OTHERS[0])  # fetches its packages, too
        often.append(OTHERS[0])
        some.append(OTHERS[1])
    except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
        wall.method += f" Not measured: {py_pglite.PINNED}: {str(error).splitlines()[-1]}."
    groups = ((wall, "s"), (processor, "s"), (test, "ms"))
    for group, unit in groups:
        for way in [*often, *(some if group is test else ())]:
            group.figure(way.title, unit)
    for _ in progress.rounds("test suites", rounds):
        for way in often:
            for (group, _), sample in zip(groups, _measure(way), strict=True):
                group.add_samples({way.title: sample})
        for way in some:
            test.add_samples({way.title: _measure(way, "-k", SOME)[-1]})
    for isolated, shared in PAIRS:
        for group, _ in groups:
            factor = group.figure(
                f"{isolated.title}, compared with {shared.title}",
                "times",
                target=FACTOR if group is wall else None,
            )
            factor.samples += _factors(group.figures, isolated, shared)
    return wall, processor, test


def _factors(figures: Sequence[Figure], isolated: Way, shared: Way) -> Iterator[float]:
    """Round by round, as what else the machine does changes between them."""
    samples = {figure.name: figure.samples for figure in figures}
    for one, other in zip(samples[isolated.title], samples[shared.title], strict=True):
        yield one / other


def _measure(way: Way, *selection: str) -> tuple[float, float, float]:
    """Seconds of the run, seconds of the processor, milliseconds of a test."""
    with tempfile.TemporaryDirectory() as folder:
        times = Path(folder) / "times.json"
        command = [sys.executable, *PYTEST, "--way", way.fixture, "--times", str(times)]
        started, used = time.monotonic(), _children_s()
        finished = subprocess.run(
            [*command, "--py-pglite", str(NODE), *selection],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SITE)])},
            stdout=subprocess.PIPE,
            text=True,
        )
        elapsed, used = time.monotonic() - started, _children_s() - used
        if finished.returncode != 0:
            raise RuntimeError(f"{way.title}: {finished.stdout[-2000:]}")
        _, *rest = json.loads(times.read_text())
    return elapsed, used, statistics.mean(rest) * 1000


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
