"""One process on its way: `python -m bench.boot_child SPAWNED_NS image|boot [DATA_DIR]`."""

import time

started_ns = time.monotonic_ns()

import json  # noqa: E402
import sys  # noqa: E402
from typing import Literal  # noqa: E402

from tests import wire  # noqa: E402

SELECT_1 = wire.query("select 1")


class Stopwatch:
    def __init__(self) -> None:
        self.samples: dict[str, float] = {}
        self.last_ns = time.monotonic_ns()

    def lap(self, name: str) -> None:
        now_ns = time.monotonic_ns()
        self.samples[name] = (now_ns - self.last_ns) / 1e6
        self.last_ns = now_ns


def main() -> None:
    image: Literal[False] | None = None if sys.argv[2] == "image" else False
    data_dir = sys.argv[3] if len(sys.argv) > 3 else None
    watch = Stopwatch()

    from pglite_native import Engine
    from pglite_native.engine import guest

    watch.lap("import")
    guest.runtime()
    watch.lap("runtime")
    engine = Engine(data_dir, image=image)
    watch.lap("open")
    engine.exec_protocol_raw(SELECT_1)
    watch.lap("first SELECT 1")
    phases = engine.statistics()
    watch.lap("statistics")
    engine.close()
    watch.lap("close")
    engine = Engine(data_dir, image=image)
    engine.exec_protocol_raw(SELECT_1)
    watch.lap("second engine")
    engine.close()

    samples = watch.samples
    samples["process"] = (started_ns - int(sys.argv[1])) / 1e6
    samples["answer"] = samples["runtime"] + samples["open"] + samples["first SELECT 1"]
    for phase in ("load", "boot", "session"):
        samples[f"open: {phase}"] = phases[f"{phase}_ns"] / 1e6
    json.dump(samples, sys.stdout)


if __name__ == "__main__":
    main()
