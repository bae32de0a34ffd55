"""Waiting for what another thread does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from pglite_native import PGlite

Value = TypeVar("Value")

DEADLINE_S = 20.0
WAITING = "select count(*) from pg_locks where not granted"


def until(condition: Callable[[], object], patience_s: float = DEADLINE_S) -> None:
    """Return when a condition holds; fail when it takes too long."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.005)


def until_blocked(db: PGlite, sessions: int = 1) -> None:
    """Return when so many sessions of a cluster wait for a lock."""
    until(lambda: db.query(WAITING, row_mode="array").rows == [(sessions,)])


@contextmanager
def in_thread(call: Callable[[], Value]) -> Iterator[Future[Value]]:
    """Run a call in a thread of its own, and wait for its end."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)
