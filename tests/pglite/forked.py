"""A check in a child of fork: what it inherits refuses, and its end touches nothing."""

from __future__ import annotations

import os
from collections.abc import Callable


def passes_in_a_child(check: Callable[[], object]) -> bool:
    """Whether a check comes to its end in a child, which then goes without Python's own end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            check()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
