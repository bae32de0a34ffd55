"""Compare shared objects of the native tier: python -m bench.libraries LIBRARY.so...

For choosing a compiler and its flags. Each gets a process of its own in each round; printed is the
least CPU time of all in ms, as what disturbs only adds to it, and the geometric mean of the ratios
to the first library.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import progress
from bench.statements import COMPUTING
from pglite_native import Engine, _runtime
from tests import wire

ROUNDS = 4
REPEATED = 4  # statements that compute, in one process
CALLS = 2000  # of SELECT 1, in each of so many batches
BATCHES = 7
WARM_UP = 5000
SELECT_1 = "SELECT 1"


def main() -> None:
    if sys.argv[1] == "--child":
        print(json.dumps(measure(Path(sys.argv[2]))))
        return
    libraries = sys.argv[1:]
    least: dict[str, list[float]] = {}
    for _ in progress.rounds("libraries", ROUNDS):
        for place, library in enumerate(libraries):
            for name, milliseconds in in_a_process(library).items():
                row = least.setdefault(name, [math.inf] * len(libraries))
                row[place] = min(row[place], milliseconds)
    for name, row in least.items():
        print(f"{name:25}", *(f"{milliseconds:10.4f}" for milliseconds in row))
    for place, library in enumerate(libraries[1:], 1):
        ratios = [math.log(row[place] / row[0]) for row in least.values()]
        print(f"{library} / {libraries[0]}: {math.exp(sum(ratios) / len(ratios)):.2f}")


def in_a_process(library: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.libraries", "--child", library]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(result.stdout)
    return figures


def measure(library: Path) -> dict[str, float]:
    """CPU time of each statement in this process, in milliseconds."""

    def instead(guest: _runtime.Files, tier: _runtime.Tier) -> Path | None:
        return library

    _runtime.library = instead
    figures = {}
    with Engine() as engine:
        message = wire.query(SELECT_1)
        engine.exec_protocol_raw(wire.query("create table md5s(n int, t text)"))
        for _ in range(WARM_UP):
            engine.exec_protocol_raw(message)
        figures[SELECT_1] = min(
            cpu_ms(engine.exec_protocol_raw, message, CALLS) for _ in range(BATCHES)
        )
        for name, sql in COMPUTING.items():
            message = wire.query(sql)
            figures[name] = math.inf
            for _ in range(REPEATED):
                taken = cpu_ms(engine.exec_protocol_raw, message, 1)
                figures[name] = min(figures[name], taken)
                engine.exec_protocol_raw(wire.query("truncate md5s"))
    return figures


def cpu_ms(call: Callable[[bytes], object], message: bytes, times: int) -> float:
    started = time.thread_time()
    for _ in range(times):
        call(message)
    return (time.thread_time() - started) / times * 1000


if __name__ == "__main__":
    main()
