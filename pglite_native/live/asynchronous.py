"""Live queries, for tasks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pglite_native.database.asynchronous import _InLoop
from pglite_native.database.results import Field, Results
from pglite_native.errors import EngineClosed
from pglite_native.live.query import Live, LiveChanges, LiveIncrementalQuery, LiveQuery
from pglite_native.live.rows import LiveChange

if TYPE_CHECKING:
    from typing_extensions import Self

Value = TypeVar("Value")
Query = TypeVar("Query", bound=LiveQuery | LiveIncrementalQuery)
Rows = Results[dict[str, Any]]


class AsyncLive(Generic[Value]):
    """What the live queries of an AsyncPGlite have in common: Live, for an event loop.

    Results come by themselves: to callbacks, which the event loop calls, and to who awaits them.
    """

    def __init__(self, live: Live[Any, Value]) -> None:
        """Not to be called."""
        self._any = live
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        live._on_news = _InLoop(self._loop, self._news.set)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._any.closed

    def subscribe(self, callback: Callable[[Value], object]) -> None:
        """Have one more callback called: Live.subscribe."""
        self._any.subscribe(_InLoop(self._loop, callback))

    async def unsubscribe(self, callback: Callable[[Value], object] | None = None) -> None:
        """End the live query, or one of its callbacks: Live.unsubscribe."""
        known = callback and _InLoop(self._loop, callback)
        await asyncio.shield(asyncio.to_thread(self._any.unsubscribe, known))

    async def refresh(self) -> None:
        """Run the query again now: Live.refresh. The event loop is about to call callbacks."""
        await asyncio.to_thread(self._any.refresh)

    async def wait(self) -> Value:
        """Wait until there is something new since the last wait, and return it. To be cancelled at
        any time, as by `asyncio.wait_for`. Raises as Live.wait does.
        """
        while True:
            self._news.clear()
            value = self._any.wait(0)
            if value is not None:
                return value
            await self._news.wait()

    async def __aiter__(self) -> AsyncIterator[Value]:
        """Yield what there is, then what is new, until it ends. Raises as `wait` does."""
        yield self._any._look()
        with contextlib.suppress(EngineClosed):
            while True:
                yield await self.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.unsubscribe()


class _AsyncLiveResults(AsyncLive[Rows], Generic[Query]):
    """What tells the results themselves."""

    def __init__(self, live: Query) -> None:
        """Not to be called."""
        super().__init__(live)
        self._live: Query = live
        self.initial_results = live.initial_results

    @property
    def results(self) -> Rows:
        """The latest results: WindowResults where a window was asked for."""
        return self._live.results


class AsyncLiveQuery(_AsyncLiveResults[LiveQuery]):
    """A query whose results are kept up to date; AsyncPGlite.live_query makes it.

    >>> async with db.live_query("select * from author order by name") as live:
    ...     async for results in live:  # what there is, then whenever it has changed
    ...         print(results.rows)
    """

    async def refresh(self, *, offset: int | None = None, limit: int | None = None) -> None:
        """Run the query again now, if wanted with another window: LiveQuery.refresh."""
        await asyncio.to_thread(self._live.refresh, offset=offset, limit=limit)


class AsyncLiveIncrementalQuery(_AsyncLiveResults[LiveIncrementalQuery]):
    """A live query for large results; AsyncPGlite.live_incremental_query makes it."""


class AsyncLiveChanges(AsyncLive[list[LiveChange]]):
    """What changes in a query's result, row by row; AsyncPGlite.live_changes makes it."""

    def __init__(self, live: LiveChanges) -> None:
        """Not to be called."""
        super().__init__(live)
        self._live = live
        self.initial_changes = live.initial_changes

    @property
    def fields(self) -> list[Field]:
        """The result's columns."""
        return self._live.fields
