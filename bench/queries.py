"""The class beside the raw protocol: what Python values cost, in one process and in CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from bench import progress
from bench.against import in_process, works
from bench.figures import Group
from pglite_native import PGlite

CALLS = 200
"""Of a variant at a time: some milliseconds, so that what disturbs the machine disturbs all."""

RATIO = 2.0
TPCB_RATIO = 1 / 0.6

BY_KEY = "select * from accounts where aid = $1"
TPCB = "TPC-B-like transaction"


def run(rounds: int, accounts: int = 100_000) -> Iterable[Group]:
    times = Group(
        "Queries with Python values",
        "A round takes all variants, one after the other. CPU time of the one process, so that a "
        "busy machine counts for little. Raw is a message whose reply is not looked at; the class "
        "is PGlite.query.",
    )
    ratios = Group("Queries with Python values: class / raw", "Of the same round.")
    transactions = max(1, CALLS // 7)
    literal = works._tpcb(transactions, accounts)
    prepared = works._tpcb_prepared(transactions, accounts)
    with PGlite() as db:
        for sql in works.tables(quick=False):
            db.exec(sql)
        raw, ours = in_process.Raw(db.engine), in_process.ByPGlite(db)
        variants: dict[str, tuple[float, float, list[tuple[Callable[[], object], ...]]]] = {
            "select 1": (
                RATIO,
                CALLS,
                [(raw.call("select 1"), ours.call("select 1"))] * CALLS,
            ),
            "a row by its key, prepared": (
                RATIO,
                CALLS,
                [(raw.prepared_call(BY_KEY, [5]), ours.prepared_call(BY_KEY, [5]))] * CALLS,
            ),
            f"{TPCB}, prepared": (
                TPCB_RATIO,
                transactions,
                [(raw.prepared_call(*each), ours.prepared_call(*each)) for each in prepared],
            ),
            f"{TPCB}, each a text of its own": (
                TPCB_RATIO,
                transactions,
                [(raw.call(sql), ours.call(sql)) for sql in literal],
            ),
        }
        for name, (target, _, _) in variants.items():
            times.figure(f"{name}: raw", "µs")
            times.figure(f"{name}: class", "µs")
            ratios.figure(name, "times", target=target)
        for number in progress.rounds("queries", rounds + 1):
            for name, (_, count, calls) in variants.items():
                raw_us, class_us = (
                    _cpu_us([both[which] for both in calls]) / count for which in (0, 1)
                )
                if number:  # in the first, statements are prepared
                    times.add_samples({f"{name}: raw": raw_us, f"{name}: class": class_us})
                    ratios.add_samples({name: class_us / raw_us})
    return times, ratios


def _cpu_us(calls: list[Callable[[], object]]) -> float:
    started_ns = time.thread_time_ns()
    for call in calls:
        call()
    return (time.thread_time_ns() - started_ns) / 1000
