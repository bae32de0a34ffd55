"""Two engines in two threads against one in one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from threading import Barrier, Thread

from bench import progress
from bench.figures import Group
from pglite_native import Engine
from tests import wire

COMPUTING = wire.query("select sum(x * 2 + 1) from generate_series(1, 20000) x")
SELECT_1 = wire.query("select 1")

TIMES = 1.8


def run(rounds: int, seconds: float) -> Iterable[Group]:
    group = Group(
        "Two engines in two threads",
        "Statements per second of both together, over those of one engine in one thread; rounds "
        "run one, two, one. If the two runs of one differ much, the machine was busy.",
    )
    messages = {"a statement that computes": COMPUTING, "SELECT 1": SELECT_1}
    for name in messages:
        group.figure(f"{name}, one", "/s")
        group.figure(f"{name}, two", "/s")
        group.figure(f"{name}: throughput", "times", target=TIMES, at_least=True)
    with Engine() as first, Engine() as second:
        calls = {
            name: max(1, round(seconds * _rate((first,), message, 20)))
            for name, message in messages.items()
        }
        for _ in progress.rounds("threads", rounds):
            for name, message in messages.items():
                before = _rate((first,), message, calls[name])
                two = _rate((first, second), message, calls[name])
                after = _rate((second,), message, calls[name])
                one = (before + after) / 2
                group.add_samples(
                    {
                        f"{name}, one": one,
                        f"{name}, two": two,
                        f"{name}: throughput": two / one,
                    }
                )
    return (group,)


def _rate(engines: Sequence[Engine], message: bytes, calls: int) -> float:
    """Statements per second, of each engine in a thread of its own."""
    barrier = Barrier(len(engines) + 1)

    def work(engine: Engine) -> None:
        call = engine.exec_protocol_raw
        barrier.wait()
        for _ in range(calls):
            call(message)

    threads = [Thread(target=work, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    barrier.wait()
    started_s = time.perf_counter()
    for thread in threads:
        thread.join()
    return len(engines) * calls / (time.perf_counter() - started_s)
