"""A thread for asyncio, in which everything happens that a database or a connection does."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from pglite_native.engine.binding import IN_A_CHILD
from pglite_native.errors import EngineClosed, EngineError


class Owned(Protocol):
    """What is in the thread; these two are called from others."""

    def _cancel(self) -> None:
        """Cancel what a call runs."""

    def close(self) -> None:
        """End it, and what it runs; idempotent."""


Database = TypeVar("Database", bound=Owned)
Value = TypeVar("Value")

CANCEL_AGAIN_SECONDS = 0.05
"""A cancel that comes between two statements of a call is missed by both."""


class Worker(Generic[Database]):
    """The thread, and what is in it, which opens with the first call."""

    def __init__(self, open_database: Callable[[], Database]) -> None:
        self._open = open_database
        self._pool = ThreadPoolExecutor(1, "pglite")
        self.database: Database | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.closed = False
        self._process = os.getpid()

    @property
    def is_foreign(self) -> bool:
        """Whether it is a parent's of this process, which has not got the thread."""
        return os.getpid() != self._process

    def check(self) -> None:
        """Raise EngineError where it cannot be used any more, or by this process."""
        if self.is_foreign:
            raise EngineError(f"the engine belongs to the parent process{IN_A_CHILD}")
        if self.closed:
            raise EngineClosed("the database is closed")

    async def run(self, call: Callable[[Database], Value], *, cancels: bool = True) -> Value:
        """Call a function in the thread, and wait for its end in any case.

        When the waiting task is cancelled, then so is the statement, if `cancels`.
        """
        self.check()
        self.loop = asyncio.get_running_loop()
        future = self._pool.submit(self._call, call)
        waiter = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiter)
        except asyncio.CancelledError:
            while not waiter.done():
                if cancels and not future.cancel() and self.database is not None:
                    self.database._cancel()
                with contextlib.suppress(asyncio.CancelledError):  # once is enough
                    await asyncio.wait([waiter], timeout=CANCEL_AGAIN_SECONDS)
            if not waiter.cancelled():
                waiter.exception()  # seen: that it was cancelled is no news
            raise

    def _call(self, call: Callable[[Database], Value]) -> Value:
        if self.database is None:
            if self.closed:
                raise EngineClosed("the database is closed")
            self.database = self._open()
        return call(self.database)

    def opened(self) -> Database:
        """Return the database, opened; to be called from other threads than the worker's."""
        self.check()
        return self.database or self._pool.submit(self._call, lambda database: database).result()

    async def close(self) -> None:
        self.closed = True
        if self.is_foreign:
            return
        # Not in the worker, which may be busy; nor in a pool that others may have filled.
        closer = ThreadPoolExecutor(1, "pglite-close")
        await asyncio.wrap_future(closer.submit(self._close))
        closer.shutdown()

    def _close(self) -> None:
        if self.database is not None:
            self.database.close()
        self._pool.shutdown()  # waits: the worker may just be opening
        if self.database is not None:
            self.database.close()
