"""Instant databases: starting, forking, restoring; and what many of them hold."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from bench import child, progress, template
from bench.figures import Group
from bench.machine import ROOT
from bench.process import SELF
from pglite_native import Engine
from tests import wire

SELECT_1 = wire.query("select 1")
INSERT = wire.query("insert into written values (1)")

PROGRAM = (
    "from pglite_native import Engine; Engine().exec_protocol_raw(b'Q\\0\\0\\0\\rselect 1\\0')"
)
EMPTY_PROGRAM = "pass"

PROCESS_MS = 90
ENGINE_MS = 0.5
FORK_MS = 0.3
RESTORE_MS = 0.3
WHOLE_LIFE_MS = 1
RESET_MS = 1
FORK_MB = 2.5
CROWD_GB = 6
RSS_NOTES = {
    "fork": "",
    "Engine()": "depends on how the image came into the page cache: docs/IMAGE.md, Costs",
}
GROWTH_MB = 1  # what malloc and Python's own heap may move by


def run(rounds: int, operations: int, engines: int, cycles: int) -> Iterable[Group]:
    yield _processes(rounds)
    yield _operations(rounds, operations)
    yield _resets(rounds, operations)
    if (SELF / "smaps_rollup").exists():
        yield _crowds(engines)
        yield _cycles(cycles)


def _processes(rounds: int) -> Group:
    group = Group(
        "Instant databases: a new process",
        "`python -c`; each round runs both. Wall time, from the start of the process to its end.",
    )
    group.figure("import, Engine(), SELECT 1, end", "ms")
    group.figure("pass", "ms")
    group.figure("the difference", "ms", target=PROCESS_MS)
    for _ in progress.rounds("new processes", rounds):
        answer_ms, empty_ms = _process_ms(PROGRAM), _process_ms(EMPTY_PROGRAM)
        group.add_samples(
            {
                "import, Engine(), SELECT 1, end": answer_ms,
                "pass": empty_ms,
                "the difference": answer_ms - empty_ms,
            }
        )
    return group


def _process_ms(program: str) -> float:
    started_ns = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    return (time.perf_counter_ns() - started_ns) / 1e6


def _operations(rounds: int, operations: int) -> Group:
    group = Group(
        "Instant databases",
        f"Wall time; a sample is the median of {operations} operations. What an operation needs, "
        "and what it leaves, is made and closed outside of its time.",
    )
    group.figure("a second Engine()", "ms", target=ENGINE_MS)
    group.figure("fork", "ms", target=FORK_MS, note="the engine has not run since the last fork")
    group.figure("restore after SELECT 1", "ms", target=RESTORE_MS)
    group.figure("restore after an INSERT", "ms", target=RESTORE_MS)
    group.figure("fork, SELECT 1, close", "ms", target=WHOLE_LIFE_MS)
    group.figure("Engine(), SELECT 1, close", "ms")
    group.figure("first SELECT 1 of a fork", "ms")
    group.figure("close of a fork that answered", "ms")
    group.figure("snapshot after an INSERT", "ms")
    group.figure("fork after an INSERT", "ms")
    with Engine() as engine:
        _run(engine, wire.query("create table written(n int)"))
        snapshot = engine.snapshot()
        engine.restore(snapshot)
        engine.fork().close()
        for _ in progress.rounds("instant databases", rounds):
            group.add_samples(
                {name: _median_ms(one, operations) for name, one in _timings(engine, snapshot)}
            )
    return group


def _timings(engine: Engine, snapshot: Any) -> Iterable[tuple[str, Callable[[], float]]]:
    """Give each operation by name, as a function that performs it and returns its milliseconds."""

    def opening() -> float:
        elapsed_ms, opened = _timed(Engine)
        opened.close()
        return elapsed_ms

    def fork() -> float:
        elapsed_ms, copy = _timed(engine.fork)
        copy.close()
        return elapsed_ms

    def restore_after(message: bytes) -> float:
        _run(engine, message)
        return _timed(lambda: engine.restore(snapshot))[0]

    def first_query() -> float:
        with engine.fork() as copy:
            return _timed(lambda: copy.exec_protocol_raw(SELECT_1))[0]

    def close() -> float:
        copy = engine.fork()
        copy.exec_protocol_raw(SELECT_1)
        return _timed(copy.close)[0]

    def after_insert(operation: Callable[[], Any]) -> float:
        _run(engine, INSERT)
        elapsed_ms, made = _timed(operation)
        if isinstance(made, Engine):
            made.close()
        engine.restore(snapshot)
        return elapsed_ms

    yield "a second Engine()", opening
    yield "fork", fork
    yield "restore after SELECT 1", lambda: restore_after(SELECT_1)
    yield "restore after an INSERT", lambda: restore_after(INSERT)
    yield "fork, SELECT 1, close", lambda: _timed(lambda: _live(engine.fork()))[0]
    yield "Engine(), SELECT 1, close", lambda: _timed(lambda: _live(Engine()))[0]
    yield "first SELECT 1 of a fork", first_query
    yield "close of a fork that answered", close
    yield "snapshot after an INSERT", lambda: after_insert(engine.snapshot)
    yield "fork after an INSERT", lambda: after_insert(engine.fork)


def _live(engine: Engine) -> None:
    engine.exec_protocol_raw(SELECT_1)
    engine.close()


def _resets(rounds: int, operations: int) -> Group:
    group = Group(
        "Instant databases: reset between tests",
        f"A schema of {template.TABLES} tables; a test writes {template.ROWS} rows into each of "
        f"{template.WRITTEN_TABLES} and is undone. A sample is the median of {operations} tests.",
    )
    group.figure("the test's writes", "ms")
    group.figure("restore", "ms", target=RESET_MS)
    group.figure("the first query after", "ms", note=f"`{template.FIRST_QUERY}`")
    with Engine() as engine:
        _run(engine, wire.query(template.SCHEMA))
        snapshot = engine.snapshot()
        engine.restore(snapshot)
        for _ in progress.rounds("reset between tests", rounds):
            tests = [_reset(engine, snapshot) for _ in range(operations)]
            medians = map(statistics.median, zip(*tests, strict=True))
            names = (figure.name for figure in group.figures)
            group.add_samples(dict(zip(names, medians, strict=True)))
    return group


def _reset(engine: Engine, snapshot: Any) -> tuple[float, float, float]:
    query = wire.query(template.FIRST_QUERY)
    writing_ms, _ = _timed(lambda: _run(engine, wire.query(template.WRITES)))
    restoring_ms, _ = _timed(lambda: engine.restore(snapshot))
    first_query_ms, reply = _timed(lambda: engine.exec_protocol_raw(query))
    assert wire.rows(reply) == [(b"0",)], reply
    return writing_ms, restoring_ms, first_query_ms


def _crowds(engines: int) -> Group:
    group = Group(
        "Instant databases: many at once",
        f"One process for forks of one engine, one for Engine(); {engines:,} live at the end, each "
        "of which has answered twice. RSS counts a shared page once for each engine that looked at "
        "it; Pss counts it once.",
    )
    for kind in ("fork", "Engine()"):
        group.figure(
            f"{kind}: private memory of one",
            "MB",
            target=FORK_MB,
            note="after SELECT 1; mean of the first 50",
        )
        group.figure(f"{kind}: RSS", "GB", target=CROWD_GB, note=RSS_NOTES[kind])
        group.figure(f"{kind}: Pss", "GB")
        group.figure(f"{kind}: private", "GB")
        group.figure(f"{kind}: maps", "", note="Linux allows 65,530")
        group.figure(f"{kind}: time", "s", note="to open all, with SELECT 1")
    for number in progress.rounds("many at once", 2):
        kind = ("fork", "Engine()")[number]
        measured = child.measure("crowd_child", ("fork", "open")[number], engines)
        group.add_samples({f"{kind}: {name}": value for name, value in measured.items()})
    return group


def _cycles(cycles: int) -> Group:
    group = Group(
        "Instant databases: what comes back",
        f"Difference over {cycles:,} cycles of SELECT 1, restore, fork, SELECT 1 in the fork, "
        "close; one process, after 500 such cycles.",
    )
    group.figure("RSS", "MB", target=GROWTH_MB)
    group.figure("maps", "", target=0)
    group.figure("descriptors", "", target=0)
    group.figure("time of a cycle", "ms")
    for _ in progress.rounds("cycles", 1):
        group.add_samples(child.measure("cycles_child", cycles))
    return group


def _median_ms(operation: Callable[[], float], count: int) -> float:
    return statistics.median(operation() for _ in range(count))


def _timed(operation: Callable[[], Any]) -> tuple[float, Any]:
    started_ns = time.perf_counter_ns()
    result = operation()
    return (time.perf_counter_ns() - started_ns) / 1e6, result


def _run(engine: Engine, message: bytes) -> None:
    errors = wire.errors(engine.exec_protocol_raw(message))
    assert not errors, errors
