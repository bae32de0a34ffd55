"""AsyncChanges: an iterator of committed changes, for a task."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from pglite_native.changes.change import Change, CommittedTransaction
from pglite_native.changes.reader import Reader, pause_after
from pglite_native.database.pglite import PGlite
from pglite_native.database.worker import Worker
from pglite_native.errors import EngineClosed, EngineError, PGliteError

if TYPE_CHECKING:
    from typing_extensions import Self

Item = TypeVar("Item", Change, CommittedTransaction)
Value = TypeVar("Value")


class AsyncChanges:
    """Changes for asyncio; AsyncPGlite.changes makes it.

    >>> async with db.changes(tables=["author"]) as changes:
    ...     async for change in changes:
    ...         print(change.operation, change.new)

    It opens in `async with`, and closes at its end, or by `close`. While it waits for a change, its
    task can be cancelled: no change is lost.
    """

    def __init__(
        self,
        open_session: Callable[[], Awaitable[PGlite]],
        open_reader: Callable[[PGlite], Reader],
        timeout: float | None,
    ) -> None:
        """Not to be called."""
        self.timeout = timeout
        self._open_session = open_session
        self._open_reader = open_reader
        self._worker: Worker[PGlite] | None = None
        self._reader: Reader | None = None
        self._lock = asyncio.Lock()
        self._closing = asyncio.Event()

    @property
    def slot(self) -> str:
        """The name of its replication slot."""
        return self._opened().slot.name

    @property
    def publications(self) -> tuple[str, ...]:
        """The names of the publications that it reads."""
        return self._opened().slot.publications

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._closing.is_set()

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            PGliteError: as PGlite.changes does.
        """
        if self._worker is not None:
            raise EngineClosed("the iterator over changes has been opened before: get another one")
        session = await self._open_session()
        self._worker = Worker[PGlite](lambda: session)
        try:
            await self._worker.run(self._open)
        except BaseException:
            await self.close()
            raise
        return self

    def _open(self, session: PGlite) -> None:
        # Here, so that `close` has it also where the task is cancelled as it comes.
        self._reader = self._open_reader(session)

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[Change]:
        """Yield each change, as Changes does."""
        return self._iterate(Reader.take)

    def transactions(self) -> AsyncIterator[CommittedTransaction]:
        """Yield the changes transaction by transaction."""
        return self._iterate(Reader.take_transaction)

    async def confirm(self) -> None:
        """Count all changes as taken that have been handed out: Changes.confirm."""
        async with self._lock:
            reader = self._opened()
            reader.take_end()
            await self._run(reader.confirm)

    async def close(self) -> None:
        """End it, from any task; idempotent: Changes.close."""
        self._closing.set()
        worker, reader = self._worker, self._reader
        if worker is None:
            return
        if worker.database is not None and not worker.is_foreign:
            worker.database.session.cancel()
        try:
            async with self._lock:
                if reader is not None and not worker.closed:
                    with contextlib.suppress(EngineError):  # the cluster is closed, most likely
                        await worker.run(lambda session: reader.end(), cancels=False)
        finally:
            await worker.close()

    async def _run(self, call: Callable[[], Value]) -> Value:
        assert self._worker is not None  # as there is a reader
        # Not to be cancelled: an error in the session takes a temporary slot away.
        return await self._worker.run(lambda session: call(), cancels=False)

    def _opened(self) -> Reader:
        if self.closed:
            raise EngineClosed("the iterator over changes is closed")
        if self._reader is None:
            raise EngineClosed("the iterator over changes is not open: use it in `async with`")
        return self._reader

    async def _iterate(self, take: Callable[[Reader], Item | None]) -> AsyncIterator[Item]:
        self._opened()
        while (item := await self._next(take)) is not None:
            yield item

    async def _next(self, take: Callable[[Reader], Item | None]) -> Item | None:
        """Wait for what is next; None when the time is over, or it is closed."""
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        pause = 0.0
        while not self.closed:
            try:
                async with self._lock:
                    reader = self._opened()
                    if (item := take(reader)) is not None:
                        return item
                    if await self._run(reader.fill):
                        continue
            except PGliteError:
                if self.closed:
                    return None
                raise
            pause = pause_after(pause)
            left = pause if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return None
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._closing.wait(), min(pause, left))
        return None
