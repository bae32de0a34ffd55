"""`SELECT 1`: what a call costs, and how much of it is our own C and Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from bench import progress
from bench.figures import Group
from pglite_native import Engine
from pglite_native.engine.binding import check, ffi, lib
from tests import wire

SELECT_1 = wire.query("select 1")
PREPARED = wire.bind("", "s") + wire.execute() + wire.sync()
BATCH = 100

RAW_US = 120
OWN_US = 5
HOST_CALLS_US = 1.0


def run(rounds: int, calls: int) -> Iterable[Group]:
    group = Group(
        "SELECT 1",
        f"Mean of {calls} calls a round; each round runs all variants, one after the other. "
        "CPU time is the process's, so a busy machine shows in the wall time alone.",
    )
    own = Group(
        "Our own C and Python in a SELECT 1",
        "Outside the guest: a call's time less what the engine's own clock says was spent in the "
        "guest; some 0.2 µs of it is looking at that clock. What the guest spends in its host "
        f"calls (14 invoke_*, 3 clocks) is too little for a clock: {HOST_CALLS_US} µs is their "
        "part in the samples of `perf record`, rounded up. As a check, a lower and an upper bound, "
        "in CPU time: an empty message goes through Python, cffi and the gate, and ends before the "
        "guest; and what a statement costs in a call of its own, less what it costs among "
        f"{BATCH} in one call, has all of a call's own cost in it, and the guest's part of "
        "receiving and answering.",
    )
    with (
        Engine() as polling,
        Engine(transport="callback") as callback,
        Engine() as measured,
    ):
        error = ffi.new("pgn_error *")
        check(lib.pgn_measure_guest(measured._handle, error), error)
        for engine in (polling, callback):
            engine.exec_protocol_raw(wire.parse("s", "select 1") + wire.sync())
        variants = {
            "simple, polling": (polling, SELECT_1, 1),
            "simple, callback": (callback, SELECT_1, 1),
            "prepared, polling": (polling, PREPARED, 1),
            "prepared, callback": (callback, PREPARED, 1),
            f"simple, {BATCH} in a call": (polling, SELECT_1 * BATCH, BATCH),
            "empty message": (polling, b"", 1),
        }
        for name in variants:
            group.figure(name, "µs", target=RAW_US if name == "simple, polling" else None)
            group.figure(f"{name}: CPU", "µs")
        own.figure("outside the guest", "µs")
        own.figure("with the host calls", "µs", target=OWN_US)
        own.figure("an empty message", "µs", note="the lower bound")
        own.figure("alone less batched", "µs", note="the upper bound")
        for _ in progress.rounds("SELECT 1", rounds):
            samples: dict[str, float] = {}
            for name, (engine, message, statements) in variants.items():
                wall_us, cpu_us = _mean(engine.exec_protocol_raw, message, calls // statements)
                samples[name] = wall_us / statements
                samples[f"{name}: CPU"] = cpu_us / statements
            group.add_samples(samples)
            outside_us = _outside_us(measured, calls)
            batched = samples[f"simple, {BATCH} in a call: CPU"]
            own.add_samples(
                {
                    "outside the guest": outside_us,
                    "with the host calls": outside_us + HOST_CALLS_US,
                    "an empty message": samples["empty message: CPU"],
                    "alone less batched": samples["simple, polling: CPU"] - batched,
                }
            )
    return group, own


def _outside_us(engine: Engine, calls: int) -> float:
    """Microseconds of a SELECT 1 that are not the guest's; by the wall, as the engine's clock."""
    guest_ns = engine.statistics()["guest_ns"]
    wall_us, _ = _mean(engine.exec_protocol_raw, SELECT_1, calls)
    return wall_us - (engine.statistics()["guest_ns"] - guest_ns) / calls / 1e3


def _mean(call: Callable[[bytes], bytes], message: bytes, calls: int) -> tuple[float, float]:
    """Microseconds of wall and CPU time a call takes."""
    wall_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(calls):
        call(message)
    wall_ns, cpu_ns = time.perf_counter_ns() - wall_ns, time.process_time_ns() - cpu_ns
    return wall_ns / calls / 1e3, cpu_ns / calls / 1e3
