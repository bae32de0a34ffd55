"""SQLAlchemy without a server: its dialect for PostgreSQL and pg8000, on `pglite_native.dbapi`.

>>> from pglite_native import PGlite, sqlalchemy
>>> engine = sqlalchemy.create_engine(PGlite())

or, where only a URL can be given, "postgresql+pglite:///relative/path",
"postgresql+pglite:////absolute/path", and "postgresql+pglite://" for a database in memory.
"""

from __future__ import annotations

import os
import threading
from types import ModuleType
from typing import Any

try:
    import sqlalchemy
except ImportError as missing:
    raise ImportError(
        "pglite_native.sqlalchemy needs SQLAlchemy: pip install 'pglite-native[sqlalchemy]'"
    ) from missing
try:
    import pg8000.dbapi  # type: ignore[import-untyped]
except ImportError as missing:
    raise ImportError(
        "pglite_native.sqlalchemy finds SQLAlchemy, and only pg8000 is missing:"
        " pip install 'pglite-native[sqlalchemy]'"
    ) from missing
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000

from pglite_native import dbapi
from pglite_native.database.pglite import PGlite
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import Session
from pglite_native.errors import EngineBusy, EngineError

URL = "postgresql+pglite://"


class PGliteDialect(PGDialect_pg8000):
    """The dialect of "postgresql+pglite" URLs."""

    supports_statement_cache = True  # as its base; SQLAlchemy wants each class to say it

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._opened: Engine | None = None
        self._opening = threading.Lock()

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        module: ModuleType = pg8000.dbapi
        return module

    def create_connect_args(self, url: sqlalchemy.URL) -> tuple[list[Any], dict[str, Any]]:
        if url.host or url.port or url.password:
            raise sqlalchemy.exc.ArgumentError(
                f"{url!r}: a database in this process has neither host nor password; "
                f"its directory follows three slashes: {URL}/directory"
            )
        return [], {"database": url.database, "user": url.username, **url.query}

    @classmethod
    def engine_created(cls, engine: sqlalchemy.Engine) -> None:
        assert isinstance(engine.dialect, PGliteDialect)
        sqlalchemy.event.listen(engine, "engine_disposed", engine.dialect._close)

    def connect(self, *, database: dbapi.Database = None, **options: Any) -> dbapi.Connection:
        """Connect with a session of one's own; what a path or nothing names is opened once."""
        if not isinstance(database, PGlite | Session):
            database = self._open(database)
        return dbapi.connect(database, **options)

    def _open(self, directory: str | os.PathLike[str] | None) -> Engine:
        with self._opening:
            if self._opened is None:
                try:
                    self._opened = Engine(directory)
                except EngineError as error:
                    raise dbapi.OperationalError(str(error)) from error
            return self._opened

    def _close(self, _: sqlalchemy.Engine) -> None:
        with self._opening:
            engine, self._opened = self._opened, None
        if engine is not None:
            engine.close()

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

    Each of its connections is a session, and they work at the same time, as with a server.

    Args:
        database: a PGlite or an Engine, which is not closed with the SQLAlchemy engine; a
            directory for a durable database, or None for one in memory, that exist from the first
            connection to `dispose()`.
        options: keyword arguments of sqlalchemy.create_engine.
    """
    arguments = {"database": database, **options.pop("connect_args", {})}
    return sqlalchemy.create_engine(URL, connect_args=arguments, **options)
