"""How long a run takes, and when it is to end."""

from __future__ import annotations

import time


class Clock:
    def __init__(self, minutes: float | None = None) -> None:
        self._began = time.monotonic()
        self._minutes = minutes

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def is_over(self) -> bool:
        return self._minutes is not None and self.seconds > 60 * self._minutes
