"""Compare shared objects of the AOT tier: python -m bench.libraries NAME=LIBRARY.so...

For choosing a compiler and its flags, on what users wait for and on what no training has called.
Each gets a process of its own in each round, by turns. CPU time, of which the least of several runs
counts, as what disturbs only adds to it. Results go to bench/results/.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import geometric_mean

from bench import progress
from bench.figures import Group
from bench.report import RESULTS, publish
from bench.statements import COMPUTING
from bench.untrained import UNTRAINED
from pglite_native import Engine
from pglite_native.engine import guest
from tests import wire

ROUNDS = 5
REPEATED = 4  # statements that compute, in one process
CALLS = 2000  # of SELECT 1, in each of so many batches
BATCHES = 7
WARM_UP = 5000
SELECT_1 = "SELECT 1"
WORKS = (SELECT_1, *COMPUTING)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
        return
    parser = argparse.ArgumentParser(prog="python -m bench.libraries", description=__doc__)
    parser.add_argument("library", nargs="+", metavar="NAME=LIBRARY.so")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = parser.parse_args()
    libraries = dict(each.split("=", 1) for each in arguments.library)
    publish(
        f"python -m bench.libraries {' '.join(f'{name}=...' for name in libraries)}",
        lambda: compare({name: Path(path) for name, path in libraries.items()}),
        arguments.output,
        only="libraries",
    )


def compare(libraries: dict[str, Path]) -> list[Group]:
    """A group for each statement, one for the ratios to the first library, one for the sizes."""
    first, *others = libraries
    times = [
        Group(name, "Least CPU time of a call in one process.") for name in (*WORKS, *UNTRAINED)
    ]
    of_ratios = f"of the times' ratios to those of {first}, of one round."
    means = Group("Geometric mean", f"Of the first {len(WORKS)}: {of_ratios}")
    untrained = Group("Geometric mean, untrained", f"Of all others: {of_ratios}")
    sizes = Group("Size", "Of the shared object.")
    for name, path in libraries.items():
        sizes.figure(name, "MB").samples.append(path.stat().st_size / 1e6)
        for group in times:
            group.figure(name, "µs")
    for name in others:
        means.figure(name, "times")
        untrained.figure(name, "times")
    for _ in progress.rounds("libraries", ROUNDS):
        measured = {name: in_a_process(path) for name, path in libraries.items()}
        for group in times:
            group.add_samples({name: figures[group.title] for name, figures in measured.items()})
        for group, works in ((means, WORKS), (untrained, UNTRAINED)):
            group.add_samples(
                {
                    name: geometric_mean(
                        measured[name][work] / measured[first][work] for work in works
                    )
                    for name in others
                }
            )
    return [*times, *([means, untrained] if others else []), sizes]


def in_a_process(library: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.libraries", "--child", str(library)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(result.stdout)
    return figures


def measure(library: Path) -> dict[str, float]:
    """CPU time of each statement in this process, in microseconds."""

    def instead(files: guest.Files, tier: guest.Tier) -> guest.Libraries:
        return guest.Libraries(library)

    guest.libraries = instead
    figures = {}
    with Engine() as engine:
        message = wire.query(SELECT_1)
        engine.exec_protocol_raw(wire.query("create table md5s(n int, t text)"))
        for _ in range(WARM_UP):
            engine.exec_protocol_raw(message)
        figures[SELECT_1] = min(
            cpu_us(engine.exec_protocol_raw, message, CALLS) for _ in range(BATCHES)
        )
        for name, sql in COMPUTING.items():
            message = wire.query(sql)
            figures[name] = math.inf
            for _ in range(REPEATED):
                taken = cpu_us(engine.exec_protocol_raw, message, 1)
                figures[name] = min(figures[name], taken)
                engine.exec_protocol_raw(wire.query("truncate md5s"))
        for name, sql in UNTRAINED.items():
            message = wire.query(sql)
            figures[name] = min(
                cpu_us(engine.exec_protocol_raw, message, 1) for _ in range(REPEATED)
            )
    return figures


def cpu_us(call: Callable[[bytes], object], message: bytes, times: int) -> float:
    started = time.thread_time()
    for _ in range(times):
        call(message)
    return (time.thread_time() - started) / times * 1e6


if __name__ == "__main__":
    main()
