"""Cancelling what runs. A cancel that overtakes its statement is in vain, as with PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONG = "SELECT pg_sleep(60)"
SOON_S = 0.5  # by then it runs, on a busy machine too
LIMIT_S = 20


@contextmanager
def ended_soon() -> Iterator[None]:
    """What is in the `with` does not wait for the statement's own end."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < LIMIT_S


@contextmanager
def cancelling(cancel: Callable[[], None]) -> Iterator[None]:
    """Calls `cancel` in a thread, again and again, until the `with` is left."""
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(0.1):
            cancel()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        with ended_soon():
            yield
    finally:
        is_over.set()
        thread.join()
