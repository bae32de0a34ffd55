"""What a child of fork has to do to the objects that it inherits, before it can use any.

CPython does not renew the lock of a module whose import another thread has begun: a child that
imports it waits forever. So opening and asking import nothing
(tests/engine/test_forking.py), but for modules that are named here and imported before a fork.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Protocol
from weakref import ref


class Inherited(Protocol):
    def _after_fork(self) -> None:
        """In the child: give up what is its parent's, locks that another thread held above all."""


# Not a WeakSet, whose callbacks are functions of Python's: an interrupt that comes in one is lost.
# Looked through by copies: without the GIL, a copy is one step, and going through the set is not.
_inherited: set[ref[Inherited]] = set()

SWEEP_AT = 64
"""More than these, and than twice what was found alive: those that are gone are dropped."""

_sweep_at = SWEEP_AT


def register(thing: Inherited) -> None:
    """Have a child of fork call `thing._after_fork`, should it still be there."""
    global _sweep_at
    _inherited.add(ref(thing))
    if len(_inherited) > _sweep_at:
        for gone in [known for known in _inherited.copy() if known() is None]:
            _inherited.discard(gone)
        _sweep_at = max(SWEEP_AT, 2 * len(_inherited))


_later: set[str] = set()


def import_before_fork(*names: str) -> None:
    """Name modules that are imported when they are first needed: a child has them from the start,
    whole, as their imports by other threads are waited for."""
    _later.update(name for name in names if name not in sys.modules)


def _before() -> None:
    while names := _later.copy():
        for name in names:
            module = import_module(name)
            if name == "logging" and not module._lock._is_owned():
                # It has registered functions around a fork, in the middle of one: the one that
                # takes its lock is not called any more, the one that releases it will be. Were it
                # registered before the fork, that would have been called by now: the latest is
                # called first.
                module._lock.acquire()
            _later.discard(name)


def _in_child() -> None:
    for known in _inherited.copy():
        thing = known()
        if thing is not None:
            thing._after_fork()


os.register_at_fork(before=_before, after_in_child=_in_child)
