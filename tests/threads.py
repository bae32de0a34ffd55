"""The threads that a process has."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def count_threads(process: int) -> int:
    """Count all but the couriers.

    A cluster's courier starts when its postmaster first has two things to do at once, which is a
    matter of chance. It is known by its lower priority: see csrc/engine/session/courier.c.
    """
    own = os.getpriority(os.PRIO_PROCESS, process)
    count = 0
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            count += os.getpriority(os.PRIO_PROCESS, int(task.name)) == own
    return count
