"""DB-API 2.0 (PEP 249) without a socket: pg8000 on a database in this process.

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
from collections.abc import Callable, Mapping
from contextlib import suppress
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

from pglite_native import errors
from pglite_native._closing import Closing
from pglite_native.database.pglite import PGlite
from pglite_native.dbapi import session_identity
from pglite_native.dbapi.transport import Transport
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import Session
from pglite_native.errors import EngineBusy, EngineError

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

Database = PGlite | Session | str | os.PathLike[str] | None

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


class Connection(Closing, pg8000.dbapi.Connection):  # type: ignore[misc]
    """A connection of pg8000's; made by `connect`.

    An error of PostgreSQL's is of the subclass of DatabaseError that PEP 249 has for its SQLSTATE.
    Its one argument is a dict of the error's fields by their letters: "C" is the SQLSTATE, "M" the
    message (PostgreSQL documentation, "Error and Notice Message Fields"). A session that cannot be
    used is an OperationalError, of which the EngineError is the cause.
    """

    _usock: Transport | None = None
    _transaction_status: bytes | None = None

    def __init__(self, session: Session, *, user: str | None, **options: Any) -> None:
        """Not to be called. The session is the connection's, and closed with it."""
        self._session = session
        self._transport = Transport(session)
        self._ended(self._log_in, user, options)

    def _log_in(self, user: str | None, options: Mapping[str, Any]) -> None:
        session_user, database = session_identity.read(
            self._session.exec_protocol_raw(session_identity.QUESTION)
        )
        super().__init__(
            user or session_user,
            database=database,
            sock=self._transport,
            ssl_context=False,
            **options,
        )

    def _ended(self, statement: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Run a statement, and leave the connection usable whatever is raised: by reading the data
        to be copied from a file, say, or by Ctrl-C.
        """
        try:
            return statement(*arguments, **options)
        except DatabaseError:  # PostgreSQL's, read with the answer's end
            raise
        except EngineError as error:
            if not isinstance(error, EngineBusy):
                self._transaction_status = None  # nothing is left of it
            raise OperationalError(str(error)) from error
        except BaseException:
            with suppress(EngineError):
                self._transaction_status = self._transport.abandon()
            raise

    def cancel(self) -> None:
        """Cancel the running statement (57014). From any thread; nothing when idle."""
        self._session.cancel()

    def close(self) -> None:
        """Close the connection; a transaction in progress is rolled back."""
        self._transport.hang_up()
        self._session.close()
        super().close()

    def _leave(self, kind: type[BaseException] | None) -> None:
        if self._usock is not None:
            self.close()

    def __del__(self) -> None:
        if self._usock is not None:
            self.close()

    def execute_simple(self, *arguments: Any, **options: Any) -> Any:
        return self._ended(super().execute_simple, *arguments, **options)

    def execute_unnamed(self, *arguments: Any, **options: Any) -> Any:
        return self._ended(super().execute_unnamed, *arguments, **options)

    def handle_ERROR_RESPONSE(self, data: bytes, context: Any) -> None:  # noqa: N802
        super().handle_ERROR_RESPONSE(data, context)
        (fields,) = context.error.args
        context.error = _error(fields)
        if fields["V"] != "ERROR":  # FATAL: nothing follows it, and nothing is left
            self._transaction_status = None
            raise context.error


def connect(
    database: Database = None,
    *,
    dbname: str | None = None,
    user: str | None = None,
    application_name: str | None = None,
    startup_params: Mapping[str, str] | None = None,
) -> Connection:
    """Connect to a database in this process, with a session of one's own.

    Args:
        database: a PGlite, an Engine or another session, of whose cluster the connection's session
            will be one more; a directory for a durable database, or None for one in memory, that
            are the connection's own and are closed with it.
        dbname: a database of the cluster; None for that of `database`, or else postgres.
        user: a role that may log in; None for the user of `database`, or else postgres.
        application_name: what the setting of that name shall be.
        startup_params: other settings by name.

    Raises:
        OperationalError: the database cannot be used, for the EngineError that is the cause.
        DatabaseError: PostgreSQL refuses.
    """
    session = _session(database, dbname, user)
    try:
        return Connection(
            session,
            user=user,
            application_name=application_name,
            startup_params=startup_params,
        )
    except BaseException:
        session.close()
        raise


def _session(database: Database, dbname: str | None, user: str | None) -> Session:
    try:
        if isinstance(database, PGlite):
            return database.session.open_session(dbname, user)
        if isinstance(database, Session):
            return database.open_session(dbname, user)
        return Engine(database, database=dbname or "postgres")
    except errors.DatabaseError as error:
        raise _error(error.args[0]) from error
    except EngineError as error:
        raise OperationalError(str(error)) from error


def _error(fields: Mapping[str, str]) -> DatabaseError:
    """Make the exception that PEP 249 has for an error of PostgreSQL's."""
    return _ERRORS.get(fields["C"][:2], ProgrammingError)(fields)
