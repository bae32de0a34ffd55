"""What a child of fork has to do to the objects that it inherits, before it can use any.

CPython does not renew the lock of a module whose import another thread has begun: a child that
imports it waits forever. So opening and asking import nothing (tests/engine/test_forking.py).
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Inherited(Protocol):
    def _after_fork(self) -> None:
        """In the child: give up what is its parent's, locks that another thread held above all."""


_inherited: WeakSet[Inherited] = WeakSet()


def register(thing: Inherited) -> None:
    """Have a child of fork call `thing._after_fork`, should it still be there."""
    _inherited.add(thing)


def _in_child() -> None:
    for thing in _inherited:
        thing._after_fork()


os.register_at_fork(after_in_child=_in_child)
