"""Interrupts, as Ctrl-C makes them."""

from __future__ import annotations

import contextlib
import inspect
import signal
import sys
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pglite_native

PACKAGE = str(Path(pglite_native.__file__).parent)

OURS = (PACKAGE, contextlib.__file__)
"""Where functions are that an interrupt is to come between."""


def interrupt(number: int, frame: types.FrameType | None) -> None:
    """A signal handler: what Python's own does for SIGINT."""
    raise KeyboardInterrupt


@contextmanager
def interrupted_after(delay_s: float) -> Iterator[None]:
    """Have the process interrupted once, and go on where the exception has come to."""
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, delay_s)
        yield
        time.sleep(delay_s)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


class Crossings:
    """Interrupts the thread at the n-th place where a handler could: `with Crossings(n): ...`.

    CPython looks at its signals as a function of Python's begins, and after each call, of a
    function of C too; and in loops, which comes to the same. It does not look after what `with`
    calls by itself: so the end of `__enter__` is no such place.
    """

    def __init__(self, crossing: int, places: tuple[str, ...] = OURS) -> None:
        self._left = crossing
        self._places = places
        self._generators: list[types.FrameType] = []
        self.where = ""
        """Where it was interrupted; "" when there were fewer places."""

    def __enter__(self) -> Crossings:
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _profile(self, frame: types.FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if not code.co_filename.startswith(self._places) or not self._counts(
            frame, event, argument
        ):
            return
        self._left -= 1
        if self._left == 0:
            sys.setprofile(None)
            what = argument.__name__ if event == "c_return" else ""
            self.where = f"{code.co_filename}:{frame.f_lineno} {code.co_name} {event} {what}"
            del argument, frame, code  # which the exception would keep
            raise KeyboardInterrupt

    def _counts(self, frame: types.FrameType, event: str, argument: Any) -> bool:
        if event == "c_return":
            return True
        is_generator = frame.f_code.co_flags & inspect.CO_GENERATOR
        if event == "call":
            if is_generator and frame in self._generators:
                return False  # it may be finalized, where an exception goes nowhere
            self._generators += [frame] * bool(is_generator)
            return True
        # A function that an exception leaves returns None, too.
        is_return = event == "return" and argument is not None
        return is_return and not is_generator and frame.f_code.co_name != "__enter__"
