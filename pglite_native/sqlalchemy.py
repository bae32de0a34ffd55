"""SQLAlchemy without a server: its dialect for PostgreSQL and pg8000, on `pglite_native.dbapi`.

>>> from pglite_native import PGlite, sqlalchemy
>>> engine = sqlalchemy.create_engine(PGlite())

or, where only a URL can be given, "postgresql+pglite:///relative/path",
"postgresql+pglite:////absolute/path", and "postgresql+pglite://" for a database in memory.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

try:
    import pg8000.dbapi  # type: ignore[import-untyped]
    import sqlalchemy
except ImportError as missing:
    raise ImportError(
        "pglite_native.sqlalchemy needs SQLAlchemy: pip install 'pglite-native[sqlalchemy]'"
    ) from missing
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000

from pglite_native import dbapi
from pglite_native.errors import EngineBusy, EngineError

URL = "postgresql+pglite://"


class OneConnectionPool(sqlalchemy.QueuePool):
    """A pool of the one connection that a database serves at a time.

    Who asks for it while it is in use waits for `timeout` seconds (create_engine's `pool_timeout`).
    """

    def __init__(
        self, creator: Any, pool_size: int = 1, max_overflow: int = 0, **options: Any
    ) -> None:
        super().__init__(creator, pool_size=pool_size, max_overflow=max_overflow, **options)


class PGliteDialect(PGDialect_pg8000):
    """The dialect of "postgresql+pglite" URLs."""

    supports_statement_cache = True  # as its base; SQLAlchemy wants each class to say it

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        module: ModuleType = pg8000.dbapi
        return module

    @classmethod
    def get_pool_class(cls, url: sqlalchemy.URL) -> type[sqlalchemy.Pool]:
        return OneConnectionPool

    def create_connect_args(self, url: sqlalchemy.URL) -> tuple[list[Any], dict[str, Any]]:
        if url.host or url.port or url.password:
            raise sqlalchemy.exc.ArgumentError(
                f"{url!r}: a database in this process has neither host nor password; "
                f"its directory follows three slashes: {URL}/directory"
            )
        return [], {"database": url.database, "user": url.username, **url.query}

    def connect(self, *arguments: Any, **options: Any) -> Any:
        return dbapi.connect(*arguments, **options)

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Is this the end of the connection, not just of a statement?"""
        if isinstance(e.__cause__, EngineError):
            return not isinstance(e.__cause__, EngineBusy)
        fields = e.args[0] if e.args else None
        if isinstance(fields, dict):
            return fields.get("V") in ("FATAL", "PANIC")
        return bool(super().is_disconnect(e, connection, cursor))  # type: ignore[no-untyped-call]


# The entry point says the same; this is for where the package is used without being installed.
registry.register("postgresql.pglite", __name__, PGliteDialect.__name__)


def create_engine(database: dbapi.Database = None, **options: Any) -> sqlalchemy.Engine:
    """Return an SQLAlchemy engine for a database in this process.

    The database serves one connection at a time; other threads that want one wait, at most
    `pool_timeout` seconds.

    Args:
        database: a PGlite or an Engine, which is not closed with the SQLAlchemy engine; a
            directory for a durable database, or None for one in memory, that exist from the first
            connection to `dispose()`.
        options: keyword arguments of sqlalchemy.create_engine.
    """
    arguments = {"database": database, **options.pop("connect_args", {})}
    return sqlalchemy.create_engine(URL, connect_args=arguments, **options)
