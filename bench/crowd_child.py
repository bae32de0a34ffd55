"""Many engines in one process: `python -m bench.crowd_child fork|open ENGINES`."""

from __future__ import annotations

import json
import sys
import time

from bench.process import field_mb, map_count, private_mb
from pglite_native import Engine
from tests import wire

SELECT_1 = wire.query("select 1")
FEW = 50


def main() -> None:
    count = int(sys.argv[2])
    first = Engine()
    make = first.fork if sys.argv[1] == "fork" else Engine
    answer(first)
    make().close()  # what the first one needs once: the snapshot

    private_before_mb = private_mb()
    engines = [opened(make()) for _ in range(FEW)]
    samples = {"private memory of one": (private_mb() - private_before_mb) / FEW}
    started_s = time.perf_counter()
    engines += [opened(make()) for _ in range(count - FEW)]
    samples["time"] = (time.perf_counter() - started_s) * count / (count - FEW)
    for engine in engines:
        answer(engine)
    samples["RSS"] = field_mb("status", "VmRSS") / 1e3
    samples["Pss"] = field_mb("smaps_rollup", "Pss") / 1e3
    samples["private"] = private_mb() / 1e3
    samples["maps"] = map_count()
    json.dump(samples, sys.stdout)


def opened(engine: Engine) -> Engine:
    answer(engine)
    return engine


def answer(engine: Engine) -> None:
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


if __name__ == "__main__":
    main()
