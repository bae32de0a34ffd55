"""Turns at one backend: who asks first is served first; no I/O.

A turn that is given back is handed to the first in the queue, not left for whoever comes by: else
a client that asks again at once would always win, and the others wait for ever.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from pglite_native.server.messages import Refusal

_FOREVER = -1.0  # as Lock.acquire has it


class Claim:
    """One who takes turns: a session. Whoever waits in vain is told of its holder's `process`, and
    `is_waiting_for_client`.
    """

    def __init__(self, process: int = 0) -> None:
        self.process = process
        self.is_waiting_for_client = False
        self._since = 0.0  # it has its turn, on the monotonic clock
        self._handed = threading.Lock()  # released when the wait is over
        self._handed.acquire()
        self._is_cancelled = False


class Turns:
    """The queue at a backend, and who has it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: Claim | None = None
        self._waiting: deque[Claim] = deque()  # empty if there is no holder

    def is_wanted(self) -> bool:
        """Is somebody waiting?"""
        return bool(self._waiting)

    def take(self, claim: Claim, limit_s: float | None = None) -> None:
        """Wait for the turn, None: as long as it takes.

        Raises:
            Refusal: it has taken too long (55P03), or the wait was cancelled (57014).
        """
        with self._lock:
            if self._holder is None:
                self._hand_to(claim)
                return
            self._waiting.append(claim)
        if not claim._handed.acquire(timeout=_FOREVER if limit_s is None else limit_s):
            with self._lock:
                if claim in self._waiting:
                    self._waiting.remove(claim)
                    assert self._holder is not None and limit_s is not None
                    raise _too_late(self._holder, limit_s)
            claim._handed.acquire()  # it came in the last moment
        if claim._is_cancelled:
            claim._is_cancelled = False
            raise Refusal("57014", "canceling statement due to user request")

    def give_back(self) -> None:
        """End the turn; the first who waits has it."""
        with self._lock:
            if self._waiting:
                claim = self._waiting.popleft()
                self._hand_to(claim)
                claim._handed.release()
            else:
                self._holder = None

    def cancel(self, claim: Claim, cancel_running: Callable[[], None]) -> None:
        """Have a wait end, or what runs in the claim's turn; nothing if it has none.

        The turn cannot change hands meanwhile: nobody else is hit.
        """
        with self._lock:
            if self._holder is claim:
                cancel_running()
            elif claim in self._waiting:
                self._waiting.remove(claim)
                claim._is_cancelled = True
                claim._handed.release()

    def _hand_to(self, claim: Claim) -> None:
        self._holder = claim
        claim._since = time.monotonic()


def _too_late(holder: Claim, limit_s: float) -> Refusal:
    elapsed_s = time.monotonic() - holder._since
    if holder.is_waiting_for_client:
        detail, advice = "waits for its client to go on", "commit or roll back its transaction"
    else:
        detail, advice = "is running a statement", "cancel its statement"
    return Refusal(
        "55P03",
        f"could not obtain the backend within {limit_s:g} s",
        detail=f"Process {holder.process} has had it for {elapsed_s:.1f} s and {detail}.",
        hint="All connections share one backend, and a transaction keeps it to its end:"
        f" {advice}, or allow for a longer turn_timeout.",
    )
