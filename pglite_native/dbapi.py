"""DB-API 2.0 (PEP 249) without a socket: pg8000 on an engine in this process.

>>> from pglite_native import dbapi
>>> with dbapi.connect() as connection:
...     cursor = connection.cursor()
...     cursor.execute("select %s::int + 1", (41,))
...     print(cursor.fetchone())
[42]

Connections and cursors are pg8000's, and its documentation is theirs: https://github.com/tlocke/pg8000
Its own are where they lead to, and the classes of errors, which are those of PEP 249.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
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

from pglite_native import _whereabouts
from pglite_native._transport import IDLE, Transport
from pglite_native._turns import TIMEOUT_S, Turn
from pglite_native.engine import Engine
from pglite_native.errors import EngineBusy, EngineError
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

_TOO_LATE = {
    "S": "ERROR",
    "V": "ERROR",
    "C": "55P03",
    "M": "could not obtain the database in time",
    "D": "Another connection has a transaction open.",
    "H": "Connections take turns: end that transaction, or allow for a longer turn_timeout.",
}


class Connection(pg8000.dbapi.Connection):  # type: ignore[misc]
    """A connection of pg8000's; made by `connect`.

    An error of PostgreSQL's is of the subclass of DatabaseError that PEP 249 has for its SQLSTATE.
    Its one argument is a dict of the error's fields by their letters: "C" is the SQLSTATE, "M" the
    message (PostgreSQL documentation, "Error and Notice Message Fields"). An engine that cannot be
    used is an OperationalError, of which the EngineError is the cause.
    """

    _usock: Transport | None = None
    _transaction_status: bytes | None = None

    def __init__(
        self,
        engine: Engine,
        turn: Turn,
        lent: Callable[[], AbstractContextManager[object]],
        release: Callable[[], object],
        *,
        user: str | None,
        **options: Any,
    ) -> None:
        """Not to be called.

        Args:
            turn: what connections wait for.
            lent: gives what others who use the engine wait for, during a statement.
            release: to be called when this connection will not use the engine any more.
        """
        self._transport = Transport(engine)
        self._turn = turn
        self._lent = lent
        self._release = release
        with self._statement():
            session_user, database = _log_in(self._transport)
            super().__init__(
                user or session_user,
                database=database,
                sock=self._transport,
                ssl_context=False,
                **options,
            )

    @contextmanager
    def _statement(self) -> Iterator[None]:
        """Have the session for a statement, and then to the end of its transaction."""
        try:
            if not self._turn.take():
                raise OperationalError(_TOO_LATE)
            with self._lent():
                yield
        except EngineError as error:
            if not isinstance(error, EngineBusy):
                self._transaction_status = None  # nothing is left of it
            raise OperationalError(str(error)) from error
        finally:
            if not self._in_transaction:
                self._turn.give_back()

    def close(self) -> None:
        """Close the connection; a transaction in progress is rolled back."""
        if self._turn.is_taken:
            with suppress(EngineError), self._lent():  # else nothing is left to be undone
                self._transport.roll_back()
        self._turn.leave()
        self._transport.hang_up()
        super().close()
        self._release()

    def __del__(self) -> None:
        if self._usock is not None:
            self.close()

    def execute_simple(self, *arguments: Any, **options: Any) -> Any:
        with self._statement():
            return super().execute_simple(*arguments, **options)

    def execute_unnamed(self, *arguments: Any, **options: Any) -> Any:
        with self._statement():
            return super().execute_unnamed(*arguments, **options)

    def handle_messages(self, context: Any) -> None:
        """Read an answer to its end, or drop it where that fails: when reading the data to be
        copied from a file, say. So the connection can be used again.
        """
        try:
            super().handle_messages(context)
        except BaseException as error:
            if error is not context.error:
                with suppress(EngineError):
                    self._transaction_status = self._transport.abandon()
            raise

    def handle_ERROR_RESPONSE(self, data: bytes, context: Any) -> None:  # noqa: N802
        super().handle_ERROR_RESPONSE(data, context)
        (fields,) = context.error.args
        context.error = _ERRORS.get(fields["C"][:2], ProgrammingError)(fields)
        if fields["V"] != "ERROR":  # FATAL: nothing follows it, and nothing is left
            self._transaction_status = None
            raise context.error


def connect(
    database: Database = None,
    *,
    user: str | None = None,
    application_name: str | None = None,
    startup_params: Mapping[str, str] | None = None,
    turn_timeout: float | None = TIMEOUT_S,
    own_session: bool = False,
) -> Connection:
    """Connect to a database in this process.

    Args:
        database: a PGlite or an Engine, whose session is shared by those who use it; a directory
            for a durable database, or None for one in memory, that are the connection's own and
            are closed with it.
        user: who must exist; None for who the session's user is.
        application_name: what the setting of that name shall be.
        startup_params: other settings by name.
        turn_timeout: seconds that a statement waits for the end of another connection's
            transaction, and then fails (55P03); None for as long as it takes.
        own_session: have a session that is not shared, of an Engine that only connections with one
            use. While any is open, the engine cannot be written down (snapshot, fork).

    Raises:
        ValueError: a PGlite is to be used, which has its session, and a session of one's own.
        OperationalError: the database cannot be used: a transaction is open in it; or for the
            EngineError that is the cause.
        DatabaseError: PostgreSQL refuses, and the database's session has ended.
    """
    lent: Callable[[], AbstractContextManager[object]] = nullcontext
    release: Callable[[], object] = bool
    if isinstance(database, PGlite):
        if own_session:
            raise ValueError("a connection to a PGlite shares its session: give an Engine")
        lent, database = database._connection.lent, database.engine
    if not isinstance(database, Engine):
        try:
            database = Engine(database)
        except EngineError as error:
            raise OperationalError(str(error)) from error
        release = database.close
    try:
        return Connection(
            database,
            Turn(database, turn_timeout, own_session=own_session),
            lent,
            release,
            user=user,
            application_name=application_name,
            startup_params=startup_params,
        )
    except BaseException:
        release()
        raise


def _log_in(transport: Transport) -> tuple[str, str]:
    """Return the session's user and database; refuse where a login would not be."""
    reply = transport.ask(_whereabouts.QUESTION)
    if not reply.endswith(IDLE):
        raise OperationalError("a transaction is open in the database: end it, then connect")
    return _whereabouts.read(reply)
