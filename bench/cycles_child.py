"""The same over and over, and what is left of it: `python -m bench.cycles_child CYCLES`."""

from __future__ import annotations

import json
import sys
import time

from bench.process import descriptor_count, field_mb, map_count
from pglite_native import Engine
from tests import wire

SELECT_1 = wire.query("select 1")
WARM_UP = 500


def main() -> None:
    cycles = int(sys.argv[1])
    with Engine() as engine:
        repeat(engine, WARM_UP)
        before = held()
        started_s = time.perf_counter()
        repeat(engine, cycles)
        elapsed_s = time.perf_counter() - started_s
        samples = {name: value - before[name] for name, value in held().items()}
    samples["time of a cycle"] = elapsed_s * 1e3 / cycles
    json.dump(samples, sys.stdout)


def held() -> dict[str, float]:
    return {
        "RSS": field_mb("status", "VmRSS"),
        "maps": map_count(),
        "descriptors": descriptor_count(),
    }


def repeat(engine: Engine, cycles: int) -> None:
    snapshot = engine.snapshot()
    for _ in range(cycles):
        engine.exec_protocol_raw(SELECT_1)
        engine.restore(snapshot)
        with engine.fork() as fork:
            fork.exec_protocol_raw(SELECT_1)


if __name__ == "__main__":
    main()
