"""What test processes that share build/ have to heed."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tools import ROOT


@contextmanager
def alone() -> Iterator[None]:
    """Until it ends, no other test process builds anything in build/."""
    with (ROOT / "build" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
