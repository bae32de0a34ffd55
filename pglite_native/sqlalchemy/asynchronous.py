"""The dialect for asyncio: each connection has a thread in which its SQL runs.

SQLAlchemy calls a driver for asyncio as any other, in a greenlet that can wait for something in the
event loop. So a connection is the common one, which waits there for its thread where it would call
the session. What has come once, its cursors' rows, is returned without a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.util.concurrency import in_greenlet

from pglite_native import dbapi
from pglite_native.database.asynchronous import AsyncPGlite
from pglite_native.database.worker import Worker
from pglite_native.dbapi import exceptions
from pglite_native.errors import PGliteError
from pglite_native.sqlalchemy.dialect import PGliteDialect

try:
    from sqlalchemy.util.concurrency import await_
except ImportError:  # SQLAlchemy 2.0
    from sqlalchemy.util import await_only as await_

Value = TypeVar("Value")


class AsyncCursor(dbapi.Cursor):
    """A cursor with what SQLAlchemy wants of one for asyncio."""

    async def _async_soft_close(self) -> None:
        """Called when all of a result has come; there is nothing to wait for."""


class AsyncConnection(dbapi.Connection):
    """A connection whose calls wait for its thread, in SQLAlchemy's greenlets."""

    _cursor_class = AsyncCursor
    _worker: Worker[AsyncConnection]

    def _call(self, call: Callable[..., Value], *arguments: Any) -> Value:
        self._check()
        run = partial(super()._call, call, *arguments)
        return _awaited(self._worker, lambda connection: run())

    def close(self) -> None:
        """Close it: waiting for that in a greenlet, and at once elsewhere, as the worker does."""
        if in_greenlet():
            await_(self._worker.close())
        else:
            super().close()

    terminate = close


class PGliteAsyncDialect(PGliteDialect):
    """The dialect of "postgresql+pglite" URLs for create_async_engine."""

    is_async = True
    has_terminate = True
    supports_statement_cache = True
    poolclass = sqlalchemy.AsyncAdaptedQueuePool  # which SQLAlchemy 2.0 does not find out

    def connect(self, *arguments: Any, **options: Any) -> DBAPIConnection:
        database = options.pop("database", None)

        def open_connection() -> AsyncConnection:
            place = database
            if isinstance(database, AsyncPGlite):
                place = database._worker.opened()
            connection = self._connect(AsyncConnection, database=place, **options)
            connection._worker = worker
            return connection

        worker: Worker[AsyncConnection] = Worker(open_connection)
        try:
            connection: Any = _awaited(worker, lambda connection: connection)
        except BaseException:
            await_(worker.close())
            raise
        return connection  # type: ignore[no-any-return]

    def do_terminate(self, dbapi_connection: Any) -> None:
        dbapi_connection.terminate()


def _awaited(worker: Worker[AsyncConnection], call: Callable[[AsyncConnection], Value]) -> Value:
    try:
        return await_(worker.run(call))
    except PGliteError as error:  # the worker's own
        exceptions.raise_for(error)
