"""Interrupts, as Ctrl-C makes them."""

from __future__ import annotations

import inspect
import signal
import sys
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupted_after(delay_s: float) -> Iterator[None]:
    """Have the process interrupted once, and go on where the exception has come to."""

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, delay_s)
        yield
        time.sleep(delay_s)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextmanager
def interrupted_at(module: types.ModuleType, crossing: int) -> Iterator[None]:
    """Have the thread interrupted where a function of a module is entered or left, the n-th time.

    There CPython looks at its signals, and in loops, which come to the same.
    """
    left = crossing
    generators: list[types.FrameType] = []

    def counts(frame: types.FrameType, event: str) -> bool:
        if not frame.f_code.co_flags & inspect.CO_GENERATOR:
            return event in ("call", "return")
        if event != "call" or frame in generators:
            return False  # it may be finalized, where an exception goes nowhere
        generators.append(frame)
        return True

    def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != module.__file__:
            return None
        if counts(frame, event):
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(previous)
