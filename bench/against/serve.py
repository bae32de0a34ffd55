"""The contestant's side: `python -m bench.against.serve WAY`; see bench/against/__init__.py.

It imports no more than its contestant needs, because its start is measured.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.against.contestant import Contestant

WAYS = {
    "raw": "in_process",
    "pglite": "in_process",
    "our_server": "by_psycopg",
    "postgresql": "by_psycopg",
    "py_pglite": "by_psycopg",
    "pytest_pglite": "by_psycopg",
}


class Missing(Exception):
    """The contestant has no way to do that, and why."""


def main() -> None:
    # What a contestant prints is no part of the protocol.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    way = sys.argv[1]
    module = importlib.import_module(f"bench.against.{WAYS[way]}")
    open_contestant: Callable[[], Any] = getattr(module, f"open_{way}")
    with contextmanager(open_contestant)() as contestant:
        print(json.dumps({"ready": contestant.description}), file=answers)
        for line in sys.stdin:
            print(json.dumps(answer(contestant, json.loads(line))), file=answers)


def answer(contestant: Contestant, request: dict[str, Any]) -> dict[str, Any]:
    try:
        operation = OPERATIONS[request["work"]]
        return {"seconds": operation(contestant, **request["arguments"])}
    except Missing as reason:
        return {"missing": str(reason)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    elapsed: list[float] = []
    started_ns = time.perf_counter_ns()
    yield elapsed
    elapsed.append((time.perf_counter_ns() - started_ns) / 1e9)


def run(contestant: Contestant, statements: list[str], times: int) -> float:
    """All statements, each in a call of its own, so many times."""
    calls = [contestant.call(sql) for sql in statements]
    return repeat(calls, times)


def prepared(contestant: Contestant, statements: list[tuple[str, list[int]]], times: int) -> float:
    """The same of statements and their parameters."""
    return repeat([contestant.prepared_call(*statement) for statement in statements], times)


def repeat(calls: list[Callable[[], object]], times: int) -> float:
    if len(calls) == 1:
        (call,) = calls
        with stopwatch() as elapsed:
            for _ in range(times):
                call()
    else:
        with stopwatch() as elapsed:
            for _ in range(times):
                for call in calls:
                    call()
    return elapsed[0]


def copy_in(contestant: Contestant, sql: str, rows: int) -> float:
    line = "%d\t0123456789abcdef0123456789abcdef\n"
    data = "".join(line % n for n in range(rows)).encode()
    with stopwatch() as elapsed:
        contestant.copy_in(sql, data)
    return elapsed[0]


def copy_out(contestant: Contestant, sql: str, rows: int) -> float:
    with stopwatch() as elapsed:
        count = contestant.copy_out(sql)
    return checked(elapsed, count(), rows)


def fetch(contestant: Contestant, sql: str, rows: int) -> float:
    with stopwatch() as elapsed:
        count = contestant.fetch(sql)
    return checked(elapsed, count, rows)


def fetch_arrow(contestant: Contestant, sql: str, rows: int) -> float:
    with stopwatch() as elapsed:
        count = contestant.fetch_arrow(sql)
    return checked(elapsed, count, rows)


def checked(elapsed: list[float], count: int, expected: int) -> float:
    if count != expected:
        raise RuntimeError(f"{count} rows instead of {expected}")
    return elapsed[0]


def second(contestant: Contestant) -> float:
    with stopwatch() as elapsed:
        contestant.second()
    return elapsed[0]


def reset(contestant: Contestant, times: int) -> float:
    total = 0.0
    for _ in range(times):
        contestant.write()
        with stopwatch() as elapsed:
            contestant.reset()
        total += elapsed[0]
    return total


OPERATIONS: dict[str, Callable[..., float]] = {
    operation.__name__: operation
    for operation in (run, prepared, copy_in, copy_out, fetch, fetch_arrow, second, reset)
}


if __name__ == "__main__":
    # As a module that others import: Missing has to be one class.
    from bench.against import serve

    serve.main()
