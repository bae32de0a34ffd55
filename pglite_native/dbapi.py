"""DB-API 2.0 (PEP 249) without a socket: pg8000 on an engine in this process.

>>> from pglite_native import dbapi
>>> with dbapi.connect() as connection:
...     cursor = connection.cursor()
...     cursor.execute("select %s::int + 1", (41,))
...     print(cursor.fetchone())
[42]

Connections and cursors are pg8000's, and its documentation is theirs: https://pypi.org/project/pg8000/.
Its own are where they lead to, and the classes of errors, which are those of PEP 249.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any

try:
    import pg8000.dbapi  # type: ignore[import-untyped]
except ImportError as missing:
    raise ImportError(
        "pglite_native.dbapi needs pg8000: pip install 'pglite-native[dbapi]'"
    ) from missing
from pg8000.dbapi import (
    ROWID,
    STRING,
    Binary,
    Cursor,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Warning,
    apilevel,
    paramstyle,
    threadsafety,
)

from pglite_native import _wire
from pglite_native._transport import IDLE, Transport
from pglite_native.engine import Engine
from pglite_native.errors import EngineError
from pglite_native.pglite import PGlite

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

# Type objects that pg8000 has under other names.
BINARY = pg8000.dbapi.BYTES
DATETIME = pg8000.dbapi.TIMESTAMP
NUMBER = pg8000.dbapi.NUMERIC

Database = PGlite | Engine | str | os.PathLike[str] | None

# By classes of SQLSTATE (PostgreSQL documentation, "PostgreSQL Error Codes"); as psycopg has them.
_ERRORS = {
    "08": OperationalError,  # connection
    "0A": NotSupportedError,
    "22": DataError,
    "23": IntegrityError,
    "24": InternalError,  # state of a cursor
    "25": InternalError,  # state of the transaction
    "27": OperationalError,  # what a trigger changed
    "28": OperationalError,  # authorization
    "2B": InternalError,  # privileges depend on it
    "2D": InternalError,  # end of a transaction
    "2F": OperationalError,  # routines
    "38": OperationalError,
    "39": OperationalError,
    "3B": OperationalError,  # savepoints
    "40": OperationalError,  # transaction rolled back
    "53": OperationalError,  # resources
    "54": OperationalError,  # limits
    "55": OperationalError,  # prerequisites
    "57": OperationalError,  # intervention
    "58": OperationalError,  # system
    "F0": OperationalError,  # configuration
    "HV": OperationalError,  # foreign data
    "XX": InternalError,
}

# The connections of databases that are not their own: one each.
_connected: weakref.WeakKeyDictionary[Engine, weakref.ref[Transport]] = weakref.WeakKeyDictionary()
_connecting = threading.Lock()


class Connection(pg8000.dbapi.Connection):  # type: ignore[misc]
    """A connection of pg8000's; made by `connect`.

    An error of PostgreSQL's is of the subclass of DatabaseError that PEP 249 has for its SQLSTATE.
    Its one argument is a dict of the error's fields by their letters: "C" is the SQLSTATE, "M" the
    message (PostgreSQL documentation, "Error and Notice Message Fields").
    """

    def __init__(
        self,
        transport: Transport,
        turn: Callable[[], AbstractContextManager[object]],
        release: Callable[[], object],
        **options: Any,
    ) -> None:
        """Not to be called.

        Args:
            turn: gives what is held while the engine is used.
            release: to be called when it will not be used any more.
        """
        self._transport = transport
        self._turn = turn
        self._release = release
        super().__init__(sock=transport, ssl_context=False, **options)

    def close(self) -> None:
        """Close the connection; a transaction in progress is rolled back."""
        with self._turn():
            self._transport.hang_up()
        super().close()
        self._release()

    # A statement is several exchanges, between which nobody may make another unnamed statement.

    def execute_simple(self, *arguments: Any, **options: Any) -> Any:
        with self._turn():
            return super().execute_simple(*arguments, **options)

    def execute_unnamed(self, *arguments: Any, **options: Any) -> Any:
        with self._turn():
            return super().execute_unnamed(*arguments, **options)

    def handle_messages(self, context: Any) -> None:
        """Read an answer to its end, or drop it where that fails: when reading the data to be
        copied from a file, say. So the connection can be used again.
        """
        try:
            super().handle_messages(context)
        except BaseException as error:
            if error is not context.error:
                with suppress(OperationalError):
                    self._transaction_status = self._transport.abandon()
            raise

    def handle_ERROR_RESPONSE(self, data: bytes, context: Any) -> None:  # noqa: N802
        super().handle_ERROR_RESPONSE(data, context)
        (fields,) = context.error.args
        context.error = _ERRORS.get(fields["C"][:2], ProgrammingError)(fields)
        if fields["V"] != "ERROR":  # nothing follows it
            raise context.error


def connect(
    database: Database = None,
    *,
    user: str | None = None,
    application_name: str | None = None,
    startup_params: Mapping[str, str] | None = None,
) -> Connection:
    """Connect to a database in this process.

    Args:
        database: a PGlite or an Engine, whose session the connection uses until it is closed; a
            directory for a durable database, or None for one in memory, that are the connection's
            own and are closed with it.
        user: who must exist; None for who the session's user is.
        application_name: what the setting of that name shall be.
        startup_params: other settings by name.

    Raises:
        OperationalError: the database has a connection already, or a transaction is open in it; or
            the engine cannot be used, for the reason that is the error's cause.
        DatabaseError: PostgreSQL refuses, and its session has ended.
    """
    turn: Callable[[], AbstractContextManager[object]] = nullcontext
    if isinstance(database, PGlite):
        turn = database._connection.lent
        database = database.engine
    if isinstance(database, Engine):
        transport = Transport(database)
        release: Callable[[], object] = partial(_connected.pop, database, None)
        _claim(database, transport)
    else:
        engine = _open(database)
        transport, release = Transport(engine), engine.close
    try:
        with turn():
            session_user, name = _begin(transport)
            return Connection(
                transport,
                turn,
                release,
                user=user or session_user,
                database=name,
                application_name=application_name,
                startup_params=startup_params,
            )
    except BaseException:
        release()
        raise


def _open(directory: str | os.PathLike[str] | None) -> Engine:
    try:
        return Engine(directory)
    except EngineError as error:
        raise OperationalError(str(error)) from error


def _claim(engine: Engine, transport: Transport) -> None:
    with _connecting:
        current = _connected.get(engine)
        if current is not None and current() is not None:
            raise OperationalError(
                "the database has a connection: it serves one at a time, so close that first"
            )
        _connected[engine] = weakref.ref(transport)


def _begin(transport: Transport) -> tuple[str | None, str | None]:
    """Return the session's user and database, if it is in a state to log in to."""
    reply = transport.ask(_wire.query("SELECT session_user, current_database()"))
    if not reply.endswith(IDLE):
        raise OperationalError("a transaction is open in the database: end it, then connect")
    (row,) = (payload for kind, payload in _wire.Splitter().feed(reply) if kind == "D")
    user, name = _wire.values(row)
    return user, name
