"""DB-API 2.0 (PEP 249) without a socket, on a database in this process.

>>> from pglite_native import dbapi
>>> with dbapi.connect() as connection:
...     cursor = connection.cursor()
...     cursor.execute("select %s::int + 1", (41,))
...     print(cursor.fetchone())
(42,)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pglite_native.dbapi.connection import Connection
from pglite_native.dbapi.cursor import Cursor
from pglite_native.dbapi.exceptions import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from pglite_native.dbapi.opening import Database, open_connection
from pglite_native.dbapi.paramstyles import Paramstyle
from pglite_native.dbapi.server_cursor import ServerCursor
from pglite_native.dbapi.two_phase import Xid
from pglite_native.dbapi.type_objects import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)

if TYPE_CHECKING:
    from typing_extensions import Never

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
    "Database",
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
    "ServerCursor",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "Xid",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

apilevel = "2.0"
threadsafety = 2
paramstyle = "format"


def connect(
    database: Database = None,
    *,
    dbname: str | None = None,
    user: str | None = None,
    application_name: str | None = None,
    startup_params: Mapping[str, str] | None = None,
    paramstyle: Paramstyle = "format",
    **unknown: Never,
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
        paramstyle: Connection.paramstyle.

    Raises:
        OperationalError: the database cannot be used, for the EngineError that is the cause.
        DatabaseError: PostgreSQL refuses.
    """
    return open_connection(
        Connection,
        database,
        dbname=dbname,
        user=user,
        application_name=application_name,
        startup_params=startup_params,
        paramstyle=paramstyle,
        **unknown,
    )
