"""What a child of fork is refused; for the scripts that fork."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pglite_native import EngineError


def count(*calls: Callable[[], object]) -> int:
    """How many calls there were: each is refused, because the engine is the parent process's."""
    for call in calls:
        with pytest.raises(EngineError, match="parent process"):
            call()
    return len(calls)
