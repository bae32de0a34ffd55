"""AsyncPGlite: PGlite for asyncio. SQL runs in a thread of its own, beside the event loop.

Theory of operation: a session has one worker thread, in which everything happens that a PGlite
does, so that its transactions stay in one thread, and a session that waits keeps no other
waiting. Before that, tasks wait for each other: one holds a session's lock for as long as its
transaction is open, and a transaction's while one within it is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial, wraps
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, NoReturn, ParamSpec, TypeVar

from pglite_native.database.arguments import check_callable, check_options
from pglite_native.database.modes import MODES, modes
from pglite_native.database.opening import opening
from pglite_native.database.pglite import EngineOptions, PGlite, check_place
from pglite_native.database.results import Results
from pglite_native.database.scalar_converters import Parser, Serializer
from pglite_native.database.transaction import Queries, Transaction
from pglite_native.database.typed_conversation import Callback, Listener
from pglite_native.database.worker import Worker
from pglite_native.diagnostics import Notice
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import Session
from pglite_native.errors import TransactionError
from pglite_native.known_attributes import KnownAttributes
from pglite_native.uncopied import Uncopied

if TYPE_CHECKING:
    from typing_extensions import Never, Unpack

    from pglite_native.changes.asynchronous import AsyncChanges
    from pglite_native.live.asynchronous import (
        AsyncLiveChanges,
        AsyncLiveIncrementalQuery,
        AsyncLiveQuery,
    )
    from pglite_native.live.query import Live
    from pglite_native.live.rows import LiveChange

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")
LiveValue = TypeVar("LiveValue", bound="Live[Any, Any]")


class _TaskLock:
    """A lock that a task may take more than once."""

    def __init__(self, worker: Worker[PGlite]) -> None:
        self._worker = worker
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0

    async def __aenter__(self) -> None:
        self._worker.check()  # a child of fork may lack the thread that would release it
        if self._owner is not asyncio.current_task():
            self._check_transactions()
            await self._lock.acquire()
            self._owner = asyncio.current_task()
        self._depth += 1

    async def __aexit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = None
            self._lock.release()

    def _check_transactions(self) -> None:
        """Raise TransactionError for a task that would wait for the end of a transaction in which
        it was started, whose task most likely waits for this one."""
        if any(transaction._holds(self) for transaction in _TRANSACTIONS.get()):
            raise TransactionError(
                "the database is in a transaction of the task that has started this one, which"
                " would wait for its end: query the transaction (async with db.transaction() as"
                " transaction), which tasks can share, or another session (db.connect())"
            )


_TRANSACTIONS: ContextVar[tuple[AsyncTransaction, ...]] = ContextVar("_TRANSACTIONS", default=())
"""Those that a task is in, and hands to the tasks that it starts."""


@dataclass(frozen=True)
class _InLoop:
    """A callback, a function or a coroutine's, that the worker's thread hands to the event loop."""

    loop: asyncio.AbstractEventLoop
    callback: Callable[..., object]

    def __call__(self, *arguments: object) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._call, arguments)

    def _call(self, arguments: tuple[object, ...]) -> None:
        outcome = self.callback(*arguments)
        if isinstance(outcome, Coroutine):
            task = self.loop.create_task(outcome)
            _CALLED.add(task)
            task.add_done_callback(_CALLED.discard)


_CALLED: set[asyncio.Task[Any]] = set()
"""Callbacks that run as tasks, to which an event loop has weak references only."""


def _in_loop(callback: Callable[[Value], object] | None) -> Callable[[Value], object] | None:
    """Have a callback called by the event loop that runs."""
    return None if callback is None else _InLoop(asyncio.get_running_loop(), callback)


def _forwarded(
    method: Callable[Concatenate[Any, Parameters], Value],
) -> Callable[Concatenate[AsyncQueries, Parameters], Coroutine[Any, Any, Value]]:
    """Make the method to be awaited out of PGlite's: with its signatures, results and errors."""

    @wraps(method)
    async def forward(
        self: AsyncQueries, /, *arguments: Parameters.args, **options: Parameters.kwargs
    ) -> Value:
        _lend_loop(options)
        async with self._lock:
            return await self._worker.run(
                lambda database: method(self._queries(database), *arguments, **options)
            )

    summary = cleandoc(method.__doc__ or "").partition("\n\n")[0]
    forward.__doc__ = f"{summary}\n\nTo be awaited; otherwise as PGlite.{method.__name__}."
    return forward


def _lend_loop(options: dict[str, Any]) -> None:
    """Have callbacks called by the event loop."""
    on_notice = options.get("on_notice")
    if on_notice is not None:
        options["on_notice"] = _InLoop(asyncio.get_running_loop(), on_notice)


class AsyncQueries(Uncopied):
    """What an asynchronous database and a transaction in it have in common.

    What COPY reads from, or writes to, it uses in the session's thread.
    """

    _instead = PGlite._instead

    def __init__(self, worker: Worker[PGlite]) -> None:
        """Not to be called."""
        self._worker = worker
        self._lock = _TaskLock(worker)

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_QUERIES)

    def _queries(self, database: PGlite) -> Queries:
        """Return what the calls of this object are for."""
        return database

    query = _forwarded(Queries.query)
    query_arrow = _forwarded(Queries.query_arrow)
    exec = _forwarded(Queries.exec)
    exec_file = _forwarded(Queries.exec_file)
    copy_from = _forwarded(Queries.copy_from)
    copy_to = _forwarded(Queries.copy_to)
    describe_query = _forwarded(Queries.describe_query)

    def transaction(
        self,
        *wrong: Never,
        isolation_level: str | None = None,
        read_only: bool | None = None,
        deferrable: bool | None = None,
        **unknown: Never,
    ) -> AsyncTransaction:
        """Return a transaction, to be used in an `async with` statement: PGlite.transaction.

        While it is open the database is its task's: other tasks wait for its end. Those that the
        task starts in the block use the transaction instead; the database refuses them with
        TransactionError, as they would wait for each other.
        """
        if wrong:
            raise TypeError(
                "a transaction is a block: async with db.transaction() as transaction: ..."
            )
        check_options(unknown, MODES, "transaction")
        return AsyncTransaction(self, modes(isolation_level, read_only, deferrable))


class AsyncTransaction(AsyncQueries):
    """A transaction, or within one a savepoint; made by `transaction()`, good for one block."""

    def __init__(self, parent: AsyncQueries, modes: str = "") -> None:
        """Not to be called."""
        super().__init__(parent._worker)
        self._modes = modes
        self._parent = parent
        self._transaction: Transaction | None = None

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_TRANSACTIONS)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._transaction is not None and self._transaction.closed

    async def rollback(self) -> None:
        """Undo it, and end it: the rest of its block cannot use it any more."""
        async with self._lock:
            await self._worker.run(lambda database: self._own(database).rollback(), cancels=False)

    def _queries(self, database: PGlite) -> Queries:
        return self._own(database)

    def _holds(self, lock: _TaskLock) -> bool:
        """Whether it is open, and keeps a lock of its parent's for itself."""
        return self._parent._lock is lock and not self.closed

    def _own(self, database: PGlite) -> Transaction:
        if self._transaction is None:
            self._transaction = Transaction(self._parent._queries(database), self._modes)
        return self._transaction

    async def __aenter__(self) -> AsyncTransaction:
        await self._parent._lock.__aenter__()
        try:
            await self._worker.run(lambda database: self._own(database).__enter__(), cancels=False)
        except BaseException as error:
            if self._transaction is not None and self._transaction._open:
                await self._exit(type(error))  # cancelled when it had just begun
            await self._parent._lock.__aexit__()
            raise
        _TRANSACTIONS.set((*_TRANSACTIONS.get(), self))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            await self._exit(kind)
        finally:
            _TRANSACTIONS.set(tuple(open for open in _TRANSACTIONS.get() if open is not self))
            await self._parent._lock.__aexit__()

    async def _exit(self, kind: type[BaseException] | None) -> None:
        # Not to be cancelled: a transaction half-way out would be the next task's.
        await self._worker.run(lambda database: self._own(database).__exit__(kind), cancels=False)


class AsyncPGlite(AsyncQueries, KnownAttributes):
    """PGlite for asyncio: the same arguments, and the same methods to be awaited.

    It opens with the first call, or in `async with`, and belongs to the event loop that runs then.
    When a task that waits for a statement is cancelled, then so is the statement.

    >>> async with AsyncPGlite() as db:
    ...     print((await db.query("select $1::int + 1 as sum", [41])).rows)
    [{'sum': 42}]

    It is one session, whose tasks wait for each other; `connect` gives a task one of its own.
    Callbacks are called by the event loop.
    """

    _settable: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        data_dir: str | os.PathLike[str] | None = None,
        *,
        engine: Session | None = None,
        parsers: Mapping[int, Parser] | None = None,
        serializers: Mapping[int | type, Serializer] | None = None,
        on_notice: Callable[[Notice], None] | None = None,
        **options: Unpack[EngineOptions],
    ) -> None:
        check_place(data_dir, engine, options)
        self._on_notice = on_notice
        opening = partial(
            PGlite,
            data_dir,
            engine=engine,
            parsers=parsers,
            serializers=serializers,
            on_notice=self._notice if on_notice else None,
            **options,
        )
        super().__init__(Worker[PGlite](opening))

    def _notice(self, notice: Notice) -> None:
        if self._worker.loop is not None and self._on_notice is not None:
            _InLoop(self._worker.loop, self._on_notice)(notice)

    async def wait_ready(self) -> None:
        """Open the database, if it is not open yet.

        Raises:
            EngineError: as Engine does.
        """
        async with self._lock:
            await self._worker.run(lambda database: None)

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._worker.closed

    @property
    def engine(self) -> Engine:
        """The engine of its cluster: PGlite.engine. Opens it, if need be."""
        return self._worker.opened().engine

    @property
    def dsn(self) -> str:
        """How a driver connects to this live database: PGlite.dsn. Opens it, if need be."""
        return self._worker.opened().dsn

    @property
    def url(self) -> str:
        """The same as a URL."""
        return self._worker.opened().url

    def connect(self, database: str | None = None, user: str | None = None) -> AsyncPGlite:
        """Return one more session of the same cluster, as PGlite.connect does.

        As every AsyncPGlite it opens with its first call, when awaited, or in `async with`. It has
        a thread of its own: one that waits for a lock keeps no other waiting.
        """
        session = AsyncPGlite(on_notice=self._on_notice)
        on_notice = session._notice if self._on_notice else None
        session._worker._open = lambda: self._worker.opened()._connect(database, user, on_notice)
        return session

    async def listen(
        self, channel: str, callback: Callback
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """LISTEN on a channel, as PGlite.listen does; return a function to be awaited to end it."""
        check_callable(callback, "listen()", coroutines=True)
        listener = _InLoop(asyncio.get_running_loop(), callback)
        async with self._lock:
            await self._worker.run(lambda database: database.listen(channel, listener))
        return lambda: self.unlisten(channel, callback)

    async def unlisten(self, channel: str, callback: Callback | None = None) -> None:
        """End what listen() began, for one callback or for all of the channel."""
        listener = callback and _InLoop(asyncio.get_running_loop(), callback)
        async with self._lock:
            await self._worker.run(lambda database: database.unlisten(channel, listener))

    async def on_notification(self, callback: Listener) -> Callable[[], None]:
        """Call a function with channel and payload of every notification; return one to end it."""
        check_callable(callback, "on_notification()", coroutines=True)
        listener = _InLoop(asyncio.get_running_loop(), callback)
        async with self._lock:
            return await self._worker.run(lambda database: database.on_notification(listener))

    def changes(
        self,
        *,
        tables: Sequence[str] | None = None,
        publication: str | Sequence[str] | None = None,
        slot: str | None = None,
        messages: bool = False,
        timeout: float | None = None,
    ) -> AsyncChanges:
        """Return an iterator over committed changes, to be used in an `async with` statement, where
        it opens: PGlite.changes.

        >>> async with db.changes(tables=["author"]) as changes:
        ...     async for change in changes:
        ...         print(change.operation, change.table, change.new)
        """
        from pglite_native.changes.asynchronous import AsyncChanges  # most databases have none
        from pglite_native.changes.reader import Reader
        from pglite_native.changes.slot import Selection

        selection = Selection(publication, tables, slot, messages)
        return AsyncChanges(
            self._beside,
            lambda session: Reader(session, selection, self._worker.opened().parsers),
            timeout,
        )

    @opening
    async def live_query(
        self,
        sql: str,
        params: Sequence[Any] | None = None,
        callback: Callable[[Results[dict[str, Any]]], object] | None = None,
        *,
        offset: int | None = None,
        limit: int | None = None,
        on_error: Callable[[Exception], object] | None = None,
    ) -> AsyncLiveQuery:
        """Run a query now, and again whenever any session has committed a change to its tables:
        PGlite.live_query. Callbacks are called by the event loop.

        >>> async with db.live_query("select * from author") as live:
        ...     async for results in live:  # what there is, then whenever it has changed
        ...         print(results.rows)
        """
        from pglite_native.live.asynchronous import AsyncLiveQuery  # most databases have none

        callback, on_error = _in_loop(callback), _in_loop(on_error)
        live = await self._live(
            lambda database: database.live_query(
                sql, params, callback, offset=offset, limit=limit, on_error=on_error
            )
        )
        return AsyncLiveQuery(live)

    @opening
    async def live_incremental_query(
        self,
        sql: str,
        params: Sequence[Any] | None,
        key: str,
        callback: Callable[[Results[dict[str, Any]]], object] | None = None,
        *,
        on_error: Callable[[Exception], object] | None = None,
    ) -> AsyncLiveIncrementalQuery:
        """Do the same as live_query; rows that have not changed are the same objects as before:
        PGlite.live_incremental_query.
        """
        from pglite_native.live.asynchronous import AsyncLiveIncrementalQuery

        callback, on_error = _in_loop(callback), _in_loop(on_error)
        live = await self._live(
            lambda database: database.live_incremental_query(
                sql, params, key, callback, on_error=on_error
            )
        )
        return AsyncLiveIncrementalQuery(live)

    @opening
    async def live_changes(
        self,
        sql: str,
        params: Sequence[Any] | None,
        key: str,
        callback: Callable[[list[LiveChange]], object] | None = None,
        *,
        on_error: Callable[[Exception], object] | None = None,
    ) -> AsyncLiveChanges:
        """Tell what changes in a query's result, row by row: PGlite.live_changes."""
        from pglite_native.live.asynchronous import AsyncLiveChanges

        callback, on_error = _in_loop(callback), _in_loop(on_error)
        live = await self._live(
            lambda database: database.live_changes(sql, params, key, callback, on_error=on_error)
        )
        return AsyncLiveChanges(live)

    async def _live(self, make: Callable[[PGlite], LiveValue]) -> LiveValue:
        """Make a live query."""
        return await self._made(make, lambda live: live.unsubscribe())

    async def _made(
        self, make: Callable[[PGlite], Value], undo: Callable[[Value], object]
    ) -> Value:
        """Make something; undo that if the task is cancelled, which may be when it has just been
        made."""
        made: list[Value] = []
        try:
            async with self._lock:
                await self._worker.run(lambda database: made.append(make(database)))
        except asyncio.CancelledError:
            for value in made:
                await asyncio.shield(asyncio.to_thread(undo, value))
            raise
        return made[0]

    async def _beside(self) -> PGlite:
        """Return a session for work of ours: PGlite._beside."""
        return await self._made(PGlite._beside, PGlite.close)

    refresh_array_types = _forwarded(PGlite.refresh_array_types)
    dump_data_dir = _forwarded(PGlite.dump_data_dir)
    dump_sql = _forwarded(PGlite.dump_sql)

    @opening
    async def clone(self) -> AsyncPGlite:
        """Return a copy in memory, as PGlite.clone does."""
        database = await self._made(PGlite.clone, PGlite.close)
        clone = AsyncPGlite()
        clone._worker._open = lambda: database
        await clone.wait_ready()
        return clone

    async def close(self) -> None:
        """End the session, and with an engine's first one the whole cluster; idempotent.

        A running statement is cancelled.
        """
        await self._worker.close()

    def __await__(self) -> Generator[Any, Any, AsyncPGlite]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> AsyncPGlite:
        try:
            await self.wait_ready()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
