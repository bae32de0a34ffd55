"""Live queries, for threads."""

from __future__ import annotations

import contextlib
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pglite_native import _rows, logs
from pglite_native._closing import Closing
from pglite_native.database.arguments import check_callable
from pglite_native.database.results import Field, Results, keys
from pglite_native.engine import forking
from pglite_native.errors import EngineClosed
from pglite_native.live.hub import hub_of
from pglite_native.live.rows import KeyedRows, LiveChange

if TYPE_CHECKING:
    from pglite_native.database.pglite import PGlite

State = TypeVar("State")
Value = TypeVar("Value")


class _HasResults(Protocol):
    @property
    def results(self) -> Results[dict[str, Any]]: ...


Shown = TypeVar("Shown", bound=_HasResults)


class WindowResults(Results[dict[str, Any]]):
    """Some rows of a result: at most `limit`, from `offset` on, of `total_count`."""

    offset: int
    limit: int
    total_count: int

    def __init__(
        self, results: Results[dict[str, Any]], offset: int, limit: int, total_count: int
    ) -> None:
        """Not to be called."""
        vars(self).update(vars(results), offset=offset, limit=limit, total_count=total_count)


class Live(Closing, Generic[State, Value]):
    """What the live queries have in common.

    Whenever any session has committed a change to a table that it reads, the query is run again, in
    a session of its own. If the result is another one, callbacks get it, in a thread of the
    database's live queries, one after the other; `wait` and iteration return it. What is committed
    meanwhile is seen together.

    It ends by `unsubscribe`, at the end of a `with` statement, or with the database, and leaves
    nothing behind.
    """

    def __init__(
        self,
        db: PGlite,
        sql: str,
        params: Sequence[Any] | None,
        callback: Callable[[Value], object] | None,
        on_error: Callable[[Exception], object] | None,
    ) -> None:
        """Not to be called."""
        self._sql = sql
        self._params = params
        if callback is not None:
            check_callable(callback, "a live query")
        self._callbacks = [callback] if callback is not None else []
        self._on_error = on_error
        self._changed = threading.Condition()
        self._on_news: Callable[[], None] | None = None
        self._error: Exception | None = None
        self._ended: str | None = None  # why
        self._tables: frozenset[int] = frozenset()
        self._hub = hub_of(db)
        forking.register(self)
        try:
            self._hub.call(self._begin)
        except BaseException:
            with contextlib.suppress(EngineClosed):  # the database was closed meanwhile
                self._hub.call(self._withdraw)
            self._hub.leave()
            raise

    def _after_fork(self) -> None:
        """See forking. Sessions and thread are the parent's."""
        self._changed = threading.Condition()
        self._ended = "the engine belongs to the parent process"

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._ended is not None

    def subscribe(self, callback: Callable[[Value], object]) -> None:
        """Have one more callback called, from the next change on.

        Raises:
            EngineClosed: it has ended.
        """
        self._check()
        self._callbacks.append(callback)

    def unsubscribe(self, callback: Callable[[Value], object] | None = None) -> None:
        """End the live query; or with a callback, that, and with the last one the live query.

        Idempotent. Triggers on tables that another transaction has locked are dropped after that.
        """
        if callback in self._callbacks:
            self._callbacks.remove(callback)
        if self.closed or (callback is not None and self._callbacks):
            return
        try:
            self._hub.call(self._withdraw)
        except EngineClosed:
            pass  # the database was closed, and everything with it
        else:
            if not self._end("the live query has ended: it was unsubscribed"):
                return
            self._hub.leave()

    def refresh(self) -> None:
        """Run the query again now, and look again for the tables that it reads.

        Callbacks have been called when it returns.

        Raises:
            DatabaseError: PostgreSQL's error.
            EngineClosed: it has ended.
        """
        self._check()
        self._hub.call(self._refresh)

    def wait(self, timeout: float | None = None) -> Value | None:
        """Wait until there is something new since the last wait, and return it.

        Args:
            timeout: seconds; None for ever. None is returned when they are over.

        Raises:
            DatabaseError: the query has failed when it was run again; it is tried again after the
                next change.
            EngineClosed: it has ended.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, timeout)
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._seen is not self._state:
                before, self._seen = self._seen, self._state
                return self._value(before, self._seen)
            self._check()
        return None

    def __iter__(self) -> Iterator[Value]:
        """Yield what there is, then what is new, until it ends. Raises as `wait` does."""
        yield self._look()
        with contextlib.suppress(EngineClosed):
            while (news := self.wait()) is not None:
                yield news

    def _look(self) -> Value:
        """Return what there is, as if there had been nothing before."""
        with self._changed:
            self._check()
            self._seen = self._state
            return self._value(None, self._state)

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.unsubscribe()

    def _check(self) -> None:
        if self._ended is not None:
            raise EngineClosed(self._ended)

    def _has_news(self) -> bool:
        return self._seen is not self._state or self._error is not None or self.closed

    def _notify(self) -> None:
        self._changed.notify_all()
        if self._on_news is not None:
            self._on_news()

    # What follows runs in the hub's thread.

    def _begin(self) -> None:
        self._find_tables()
        self._state = self._seen = self._initial = self._ask()
        self._hub.queries.append(self)
        self._tell(self._value(None, self._state))

    def _find_tables(self) -> None:
        session = self._hub.session
        types = session.describe_query(self._sql).query_params
        tables = self._hub.triggers.read_by(self._sql, types)
        self._hub.triggers.add(tables - self._tables)
        gone, self._tables = self._tables - tables, tables
        self._hub.triggers.remove(gone)

    def _refresh(self) -> None:
        self._find_tables()
        self._take(self._ask())

    def _rerun(self) -> None:
        """Run it again; whatever fails is told, and the next change has it tried again."""
        try:
            self._take(self._ask())
        except Exception as error:
            with self._changed:
                self._error = error
                self._notify()
            if self._on_error is None:
                logs.logger().warning("a live query has failed: %s", error)
            else:
                self._call(self._on_error, error)

    def _take(self, state: State) -> None:
        with self._changed:
            self._error = None
            before = self._state
            if state == before:
                return
            self._state = state
            self._notify()
        self._tell(self._value(before, state))

    def _tell(self, value: Value) -> None:
        for callback in list(self._callbacks):
            self._call(callback, value)

    def _call(self, callback: Callable[[Any], object], argument: Any) -> None:
        try:
            callback(argument)
        except Exception:  # the others must hear it, too
            logs.logger().exception("a callback of a live query has failed")

    def _withdraw(self) -> None:
        if self in self._hub.queries:
            self._hub.queries.remove(self)
        tables, self._tables = self._tables, frozenset()
        self._hub.triggers.remove(tables)

    def _end(self, why: str) -> bool:
        """Have it ended, from any thread; False if it had."""
        with self._changed:
            if self._ended is not None:
                return False
            self._ended = why
            self._notify()
            return True

    @abstractmethod
    def _ask(self) -> State:
        """Run the query."""

    @abstractmethod
    def _value(self, before: State | None, state: State) -> Value:
        """Return what is told of a new state."""

    _state: State
    _seen: State  # by who waits
    _initial: State


class _LiveResults(Live[Shown, Results[dict[str, Any]]]):
    """What tells the results themselves."""

    @property
    def initial_results(self) -> Results[dict[str, Any]]:
        """The first results."""
        return self._initial.results

    @property
    def results(self) -> Results[dict[str, Any]]:
        """The latest results: WindowResults where a window was asked for."""
        return self._state.results

    def _value(self, before: Shown | None, state: Shown) -> Results[dict[str, Any]]:
        return state.results


@dataclass(frozen=True)
class _Answered:
    """What is compared is what PostgreSQL has sent."""

    raw: tuple[Any, ...]
    results: Results[dict[str, Any]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Answered) and self.raw == other.raw

    __hash__ = None  # type: ignore[assignment]


class LiveQuery(_LiveResults[_Answered], Live[_Answered, Results[dict[str, Any]]]):
    """A query whose results are kept up to date; PGlite.live_query makes it.

    >>> with db.live_query("select * from author order by name") as live:
    ...     print(live.initial_results.rows)
    ...     for results in live:  # what there is, then whenever it has changed
    ...         print(results.rows)
    """

    def __init__(
        self,
        db: PGlite,
        sql: str,
        params: Sequence[Any] | None,
        callback: Callable[[Results[dict[str, Any]]], object] | None,
        on_error: Callable[[Exception], object] | None,
        window: tuple[int, int] | None,
    ) -> None:
        """Not to be called. `window`: offset and limit."""
        self._window = window
        super().__init__(db, sql, params, callback, on_error)

    def refresh(self, *, offset: int | None = None, limit: int | None = None) -> None:
        """Run the query again now, if wanted with another window: Live.refresh.

        Raises:
            ValueError: it has no window.
        """
        if offset is not None or limit is not None:
            if self._window is None:
                raise ValueError("the live query was made without offset and limit")
            old_offset, old_limit = self._window
            self._window = checked_window(
                old_offset if offset is None else offset, old_limit if limit is None else limit
            )
        super().refresh()

    def _ask(self) -> _Answered:
        conversation = self._hub.session._conversation
        with self._hub.session.engine._background.work():
            if self._window is None:
                answer = conversation.ask(self._sql, self._params)
                results = conversation.results(answer, "object")
                return _Answered((answer.columns, b"".join(answer.runs)), results)
            return self._ask_window(*self._window)

    def _ask_window(self, offset: int, limit: int) -> _Answered:
        conversation = self._hub.session._conversation
        inner = self._sql.rstrip().removesuffix(";")
        # Of one moment, so that the rows and their number agree.
        conversation.text.simple("begin isolation level repeatable read")
        try:
            rows = conversation.ask(
                f"select * from (\n{inner}\n) as live limit {limit} offset {offset}", self._params
            )
            count = conversation.ask(f"select count(*) from (\n{inner}\n) as live", self._params)
        finally:
            conversation.text.simple("rollback")
        ((total,),) = count.rows([_rows.INTEGER])
        results = conversation.results(rows, "object")
        window = WindowResults(results, offset, limit, total)
        return _Answered((rows.columns, b"".join(rows.runs), offset, limit, total), window)


@dataclass(frozen=True)
class _Keyed:
    """Rows by key; and as objects, where those are wanted."""

    rows: KeyedRows
    results: Results[dict[str, Any]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.rows == other.rows

    __hash__ = None  # type: ignore[assignment]


class _LiveKeyed(Live[_Keyed, Value]):
    """What has a key."""

    _has_objects = False

    def __init__(
        self,
        db: PGlite,
        sql: str,
        params: Sequence[Any] | None,
        key: str,
        callback: Callable[[Value], object] | None,
        on_error: Callable[[Exception], object] | None,
    ) -> None:
        """Not to be called."""
        if not key or not isinstance(key, str):
            raise ValueError(f"key must be a column's name: {key!r}")
        self._key = key
        super().__init__(db, sql, params, callback, on_error)

    def _ask(self) -> _Keyed:
        conversation = self._hub.session._conversation
        with self._hub.session.engine._background.work():
            answer = conversation.ask(self._sql, self._params)
            # Without rows: for the fields, and so that all types are known.
            fields = conversation.results(answer._replace(runs=[]), "array").fields
        rows = answer.rows([_rows.TEXT] * len(answer.columns))
        types = conversation.types
        names = keys([column.name for column in answer.columns])
        columns = [(name, column.type) for name, column in zip(names, answer.columns, strict=True)]
        keyed = KeyedRows(columns, rows, [types.parser(oid) for _, oid in columns], self._key)
        before: _Keyed | None = getattr(self, "_state", None)
        if not self._has_objects:
            objects = []
        elif before is None:
            objects = keyed.objects(None, ())
        else:
            objects = keyed.objects(before.rows, before.results.rows)
        return _Keyed(keyed, Results(objects, fields, 0, "SELECT", len(rows)))


class LiveIncrementalQuery(_LiveResults[_Keyed], _LiveKeyed[Results[dict[str, Any]]]):
    """A live query for large results: a row that has not changed stays the same object.

    Made by PGlite.live_incremental_query.
    """

    _has_objects = True


class LiveChanges(_LiveKeyed[list[LiveChange]]):
    """What changes in a query's result, row by row; PGlite.live_changes makes it.

    What `wait` and iteration return is what has changed since they returned last.
    """

    @property
    def fields(self) -> list[Field]:
        """The result's columns."""
        return self._state.results.fields

    @property
    def initial_changes(self) -> list[LiveChange]:
        """The first changes: all rows are inserted."""
        return self._value(None, self._initial)

    def _value(self, before: _Keyed | None, state: _Keyed) -> list[LiveChange]:
        return state.rows.changes_since(None if before is None else before.rows)


def checked_window(offset: int | None, limit: int | None) -> tuple[int, int] | None:
    """Return what a window's two numbers are; None if there are none.

    Raises:
        ValueError: one is missing or negative.
    """
    if offset is None and limit is None:
        return None
    if offset is None or limit is None:
        raise ValueError("offset and limit must be given together")
    for number in (offset, limit):
        if not isinstance(number, int) or number < 0:
            raise ValueError(f"offset and limit must be numbers of rows: {number!r}")
    return offset, limit
