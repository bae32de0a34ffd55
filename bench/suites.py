"""Suites of small tests on a schema of 30 tables: each with a fresh database, and otherwise."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
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


class Way(NamedTuple):
    title: str
    fixture: str  # of bench/suite/conftest.py


class Pair(NamedTuple):
    isolated: Way
    shared: Way
    factor: float
    """What isolation may cost, in times of what goes without."""


PAIRS = (
    Pair(
        Way("PGlite, a fork for each test", "in_process"),
        Way("PGlite, shared", "in_process_shared"),
        1.15,
    ),
    Pair(
        Way("psycopg, a fork for each test", "by_psycopg"),
        Way("psycopg, one connection", "by_psycopg_shared"),
        1.25,
    ),
)
TRUNCATED = Way("psycopg, one connection, truncating after each test", "by_psycopg_truncated")
OTHERS = (
    Way(f"{py_pglite.PINNED}: psycopg, one connection", "by_py_pglite_shared"),
    Way(f"{py_pglite.PINNED}: the same, truncating after each test", "by_py_pglite_truncated"),
)


class Run(NamedTuple):
    """What one run of a suite took."""

    seconds: float
    processor_s: float
    test_ms: float
    memory_mib: float


def run(rounds: int, sizes: Sequence[int]) -> Iterator[Group]:
    """Measure suites of so many tests each; the first also on py-pglite, and with TRUNCATE."""
    often = [way for pair in PAIRS for way in (pair.isolated, pair.shared)]
    yield from _groups(sizes[0], rounds, often, [TRUNCATED, OTHERS[1]], OTHERS[0])
    for size in sizes[1:]:
        yield from _groups(size, rounds, often)


def _groups(
    size: int,
    rounds: int,
    often: Sequence[Way],
    truncating: Sequence[Way] = (),
    other: Way | None = None,
) -> Sequence[Group]:
    title = f"Suites of {size:,} tests"
    wall = Group(
        title,
        "Tests of some three queries each, on a schema of 30 tables (bench/suite), by "
        "pytest in one process; wall time of the whole run, start, schema and all.",
    )
    if other is not None:
        try:
            py_pglite.install()
            _measure(other, size)  # fetches its packages, too
            often = [*often, other]
        except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
            wall.method += f" Not measured: {py_pglite.PINNED}: {str(error).splitlines()[-1]}."
            truncating = [TRUNCATED]
    processor = Group(f"{title}: processor time", "User and system time of the same runs.")
    test = Group(
        f"{title}: a test",
        "Setup, call and teardown of a test in the same runs: the mean of all but the first. "
        "Truncation is one TRUNCATE of all tables; as it takes long, these are one in ten tests.",
    )
    memory = Group(f"{title}: memory", "The most that pytest's process had of it, its RSS.")
    groups = ((wall, "s"), (processor, "s"), (test, "ms"), (memory, "MiB"))
    for group, unit in groups:
        for way in [*often, *(truncating if group is test else ())]:
            group.figure(way.title, unit)
    for _ in progress.rounds(title, rounds):
        for way in often:
            for (group, _), sample in zip(groups, _measure(way, size), strict=True):
                group.add_samples({way.title: sample})
        for way in truncating:
            test.add_samples({way.title: _measure(way, size, "-k", SOME).test_ms})
    for isolated, shared, limit in PAIRS:
        for group in (wall, processor, test):
            factor = group.figure(
                f"{isolated.title}, compared with {shared.title}",
                "times",
                target=limit if group is wall else None,
            )
            factor.samples += _factors(group.figures, isolated, shared)
    return wall, processor, test, memory


def _factors(figures: Sequence[Figure], isolated: Way, shared: Way) -> Iterator[float]:
    """Round by round, as what else the machine does changes between them."""
    samples = {figure.name: figure.samples for figure in figures}
    for one, other in zip(samples[isolated.title], samples[shared.title], strict=True):
        yield one / other


def _measure(way: Way, size: int, *selection: str) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, *PYTEST, "--way", way.fixture, "--report", str(report)]
        started, used = time.monotonic(), _children_s()
        finished = subprocess.run(
            [*command, "--tests", str(size), "--py-pglite", str(NODE), *selection],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SITE)])},
            stdout=subprocess.PIPE,
            text=True,
        )
        elapsed, used = time.monotonic() - started, _children_s() - used
        if finished.returncode != 0:
            raise RuntimeError(f"{way.title}: {finished.stdout[-2000:]}")
        said = json.loads(report.read_text())
    _, *rest = said["seconds"]
    return Run(elapsed, used, statistics.mean(rest) * 1000, said["memory_mib"])


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
