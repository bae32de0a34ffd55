"""What a process holds: `python -m bench.memory_child STREAM_MIB`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.process import field_mib
from tests import wire

SELECT_1 = wire.query("select 1")


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def main() -> None:
    mib = int(sys.argv[1])
    samples = {"Python alone": field_mib("status", "VmRSS")}

    from pglite_native import Engine

    engine = Engine()
    engine.exec_protocol_raw(SELECT_1)
    samples["idle, RSS"] = field_mib("status", "VmRSS")
    samples["idle, Pss"] = field_mib("smaps_rollup", "Pss")
    samples["idle, anonymous"] = field_mib("status", "RssAnon")
    samples["idle, of files"] = field_mib("status", "RssFile")

    others = [Engine() for _ in range(4)]
    for other in others:
        other.exec_protocol_raw(SELECT_1)
    more = field_mib("status", "VmRSS") - samples["idle, RSS"]
    samples["each further engine"] = more / len(others)
    for other in others:
        other.close()
    del others

    idle = field_mib("status", "VmRSS")
    reset_peak()
    size = f"select repeat('x', 1 << 20) from generate_series(1, {mib})"
    received = sum(len(part) for part in engine.exec_protocol_stream(wire.query(size)))
    assert received > mib << 20
    samples["streaming, above idle"] = field_mib("status", "VmHWM") - idle
    json.dump(samples, sys.stdout)


if __name__ == "__main__":
    main()
