"""`SELECT 1` through the server: what sockets and threads add to the engine's own time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from bench import progress
from bench.figures import Group
from bench.machine import ROOT
from pglite_native import Engine
from pglite_native.server import Server
from tests import wire

SELECT_1 = wire.query("select 1")
OVERHEAD_US = 40
MODES = {"a fork": False, "one cluster": True}


def run(rounds: int, calls: int) -> Iterable[Group]:
    group = Group(
        "SELECT 1 through the server",
        f"Round trips of a client in a process of its own, a loop around `send` and `recv` on a "
        f"Unix socket; mean of {calls} a round, and each round runs all variants, one after the "
        "other. The overhead is the difference to the engine's own time in the same round. Where "
        "two clients alternate, their sessions are of one cluster.",
    )
    group.figure("raw engine", "µs")
    for mode in MODES:
        group.figure(mode, "µs")
        group.figure(f"{mode}: overhead", "µs", target=OVERHEAD_US)
    group.figure("one cluster, two clients alternating", "µs")
    with ExitStack() as stack:
        engine = stack.enter_context(Engine())
        variants: dict[str, Callable[[], float]] = {
            "raw engine": lambda: _raw_us(engine, calls),
        }
        for mode, shared in MODES.items():
            server = stack.enter_context(Server(shared=shared))
            variants[mode] = stack.enter_context(_client(server, calls, sessions=1))
            if shared:
                both = stack.enter_context(_client(server, calls, sessions=2))
                variants["one cluster, two clients alternating"] = both
        for measure in variants.values():  # what is called for the first time is compiled
            measure()
        for _ in progress.rounds("server", rounds):
            samples = {name: measure() for name, measure in variants.items()}
            for mode in MODES:
                samples[f"{mode}: overhead"] = samples[mode] - samples["raw engine"]
            group.add_samples(samples)
    return [group]


def _raw_us(engine: Engine, calls: int) -> float:
    began_ns = time.perf_counter_ns()
    for _ in range(calls):
        engine.exec_protocol_raw(SELECT_1)
    return (time.perf_counter_ns() - began_ns) / calls / 1e3


@contextmanager
def _client(server: Server, calls: int, sessions: int) -> Iterator[Callable[[], float]]:
    """A client's process; calling it gives microseconds a round trip."""
    directory, port = server.address
    path = f"{directory}/.s.PGSQL.{port}"
    command = [sys.executable, "-m", "bench.server_child", path, str(calls), str(sessions)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        asking, answers = child.stdin, child.stdout

        def measure() -> float:
            print("go", file=asking, flush=True)
            return float(answers.readline())

        yield measure
        asking.close()
