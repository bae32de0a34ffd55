"""SQLAlchemy without a server: its dialect for PostgreSQL, on `pglite_native.dbapi`.

>>> from pglite_native import PGlite, sqlalchemy
>>> engine = sqlalchemy.create_engine(PGlite())

or, where only a URL can be given, "postgresql+pglite:///relative/path",
"postgresql+pglite:////absolute/path", and "postgresql+pglite://" for a database in memory. For
asyncio there is `create_async_engine`, which takes the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    import sqlalchemy
except ImportError as missing:
    raise ImportError(
        "pglite_native.sqlalchemy needs SQLAlchemy: pip install 'pglite-native[sqlalchemy]'"
    ) from missing
from sqlalchemy.dialects import registry

from pglite_native import dbapi
from pglite_native.sqlalchemy.dialect import URL, PGliteDialect

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from pglite_native.database.asynchronous import AsyncPGlite

__all__ = ["URL", "PGliteDialect", "create_async_engine", "create_engine"]

# The entry point says the same; this is for where the package is used without being installed.
for _name in ("postgresql.pglite", "pglite"):
    registry.register(_name, __name__, PGliteDialect.__name__)


def create_engine(database: dbapi.Database = None, **options: Any) -> sqlalchemy.Engine:
    """Return an SQLAlchemy engine for a database in this process.

    Each of its connections is a session, and they work at the same time, as with a server.

    Args:
        database: a PGlite or an Engine, which is not closed with the SQLAlchemy engine; a
            directory for a durable database, or None for one in memory, that exist from the first
            connection to `dispose()`.
        options: keyword arguments of sqlalchemy.create_engine.
    """
    arguments = {"database": database, **options.pop("connect_args", {})}
    return sqlalchemy.create_engine(URL, connect_args=arguments, **options)


def create_async_engine(
    database: dbapi.Database | AsyncPGlite = None, **options: Any
) -> AsyncEngine:
    """Return an SQLAlchemy engine for asyncio, for a database in this process.

    Each of its connections is a session, with a thread in which its SQL runs. When a task that
    waits for a statement is cancelled, then so is the statement.

    Args:
        database: as for create_engine; or an AsyncPGlite, which is not closed with it either.
        options: keyword arguments of sqlalchemy.ext.asyncio.create_async_engine.
    """
    from sqlalchemy.ext import asyncio  # wants greenlet

    arguments = {"database": database, **options.pop("connect_args", {})}
    return asyncio.create_async_engine(URL, connect_args=arguments, **options)
