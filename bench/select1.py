"""`SELECT 1`: what a call costs, and how much of it is our own C and Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from bench import progress
from bench.figures import Group
from pglite_native import Engine
from tests import wire

SELECT_1 = wire.query("select 1")
PREPARED = wire.bind("", "s") + wire.execute() + wire.sync()
BATCH = 100

RAW_US = 120
OWN_US = 5


def run(rounds: int, calls: int) -> Iterable[Group]:
    group = Group(
        "SELECT 1",
        f"Mean of {calls} calls a round; each round runs all variants, one after the other. "
        "CPU time is the process's, so a busy machine shows in the wall time alone.",
    )
    own = Group(
        "Our own C and Python in a SELECT 1",
        "Two estimates that are too low and a bound, in CPU time. An empty message goes through "
        "Python, cffi and the gate, and ends before the guest. A Sync goes all the way, with the "
        "coroutine, the transport and the session's loop; but with warm caches, and without the "
        "host calls that a SELECT 1 makes in the guest (18: 14 invoke_*, 4 clocks). The bound is "
        f"what a statement costs in a call of its own, less what it costs among {BATCH} in one "
        "call: that has all of a call's own cost in it, and the guest's part of receiving and "
        "answering as well. Only the bound can show that the target is met.",
    )
    with Engine() as polling, Engine(transport="callback") as callback:
        for engine in (polling, callback):
            engine.exec_protocol_raw(wire.parse("s", "select 1") + wire.sync())
        variants = {
            "simple, polling": (polling, SELECT_1, 1),
            "simple, callback": (callback, SELECT_1, 1),
            "prepared, polling": (polling, PREPARED, 1),
            "prepared, callback": (callback, PREPARED, 1),
            f"simple, {BATCH} in a call": (polling, SELECT_1 * BATCH, BATCH),
            "Sync alone": (polling, wire.sync(), 1),
            "empty message": (polling, b"", 1),
        }
        for name in variants:
            group.figure(name, "µs", target=RAW_US if name == "simple, polling" else None)
            group.figure(f"{name}: CPU", "µs")
        own.figure("an empty message", "µs", note="too low")
        own.figure("a Sync", "µs", note="too low")
        own.figure("alone less batched", "µs", target=OWN_US, note="too high: the bound")
        for _ in progress.rounds("SELECT 1", rounds):
            samples: dict[str, float] = {}
            for name, (engine, message, statements) in variants.items():
                wall_us, cpu_us = _mean(engine.exec_protocol_raw, message, calls // statements)
                samples[name] = wall_us / statements
                samples[f"{name}: CPU"] = cpu_us / statements
            group.add_samples(samples)
            batched = samples[f"simple, {BATCH} in a call: CPU"]
            own.add_samples(
                {
                    "an empty message": samples["empty message: CPU"],
                    "a Sync": samples["Sync alone: CPU"],
                    "alone less batched": samples["simple, polling: CPU"] - batched,
                }
            )
    return group, own


def _mean(call: Callable[[bytes], bytes], message: bytes, calls: int) -> tuple[float, float]:
    """Microseconds of wall and CPU time a call takes."""
    wall_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(calls):
        call(message)
    wall_ns, cpu_ns = time.perf_counter_ns() - wall_ns, time.process_time_ns() - cpu_ns
    return wall_ns / calls / 1e3, cpu_ns / calls / 1e3
