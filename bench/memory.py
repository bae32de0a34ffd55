"""Memory of a process with an engine in it, and what a long result adds. Linux."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench import child, progress
from bench.figures import Group

IDLE_MIB = 90
STREAM_MIB = 64


def run(rounds: int, stream_mib: int) -> Iterable[Group]:
    if not Path("/proc/self/smaps_rollup").exists():
        return ()
    group = Group("Memory", "One process a round; idle is after one SELECT 1.")
    group.figure("Python alone", "MiB", note="with tests.wire imported")
    group.figure("idle, RSS", "MiB", target=IDLE_MIB)
    group.figure("idle, Pss", "MiB")
    group.figure("idle, anonymous", "MiB")
    group.figure("idle, of files", "MiB", note="mapped: shared by processes, given back at need")
    group.figure("each further engine", "MiB", note="open, after one SELECT 1")
    group.figure(
        "streaming, above idle",
        "MiB",
        target=STREAM_MIB,
        note=f"the peak, during a result of {stream_mib} MiB",
    )
    for _ in progress.rounds("memory", rounds):
        group.add_samples(child.measure("memory_child", stream_mib))
    return (group,)
