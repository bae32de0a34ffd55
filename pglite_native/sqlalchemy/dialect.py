"""SQLAlchemy's dialect for PostgreSQL on `pglite_native.dbapi`."""

from __future__ import annotations

import os
import threading
from types import ModuleType
from typing import Any

import sqlalchemy
from sqlalchemy.dialects.postgresql.base import PGDialect, PGExecutionContext
from sqlalchemy.engine.interfaces import DBAPIConnection

from pglite_native import dbapi
from pglite_native.database.conversation import IDLE
from pglite_native.database.pglite import PGlite
from pglite_native.dbapi.opening import Kind, check_kind, open_connection
from pglite_native.engine.engine import Engine
from pglite_native.engine.session import Session
from pglite_native.errors import EngineBusy, EngineError
from pglite_native.sqlalchemy.types import COLSPECS

URL = "postgresql+pglite://"

_JSON_OIDS = (114, 3802)
_INET_OIDS = (869, 650)
_VECTORS = ("vector", "halfvec")  # pgvector's classes for SQLAlchemy read their text


class PGliteExecutionContext(PGExecutionContext):
    """Makes the cursors of results that are streamed."""

    def create_server_side_cursor(self) -> Any:
        connection: Any = self._dbapi_connection
        return connection.cursor(f"sqlalchemy_{id(self):x}")


class PGliteDialect(PGDialect):
    """The dialect of "postgresql+pglite" URLs.

    The driver takes PostgreSQL's own placeholders and converts values itself, so that nothing is
    rewritten on the way, and a statement that comes again is prepared.
    """

    driver = "pglite"
    supports_statement_cache = True
    supports_server_side_cursors = True
    supports_sane_multi_rowcount = True
    supports_native_json_deserialization = True
    dialect_injects_custom_json_deserializer = True
    supports_native_json_serialization = False
    default_paramstyle = "numeric_dollar"
    render_bind_cast = True
    execution_ctx_cls = PGliteExecutionContext
    colspecs = COLSPECS

    def __init__(self, *, paramstyle: str = "numeric_dollar", **options: Any) -> None:
        super().__init__(paramstyle=paramstyle, **options)  # type: ignore[no-untyped-call]
        self._opened: Engine | None = None
        self._opening = threading.Lock()

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        return dbapi

    @classmethod
    def get_async_dialect_cls(cls, url: sqlalchemy.URL) -> type[PGliteDialect]:
        from pglite_native.sqlalchemy.asynchronous import PGliteAsyncDialect  # wants greenlet

        return PGliteAsyncDialect

    def create_connect_args(self, url: sqlalchemy.URL) -> Any:
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

    def connect(self, *arguments: Any, **options: Any) -> DBAPIConnection:
        """Connect with a session of one's own; what a path or nothing names is opened once."""
        connection: Any = self._connect(dbapi.Connection, **options)
        return connection  # type: ignore[no-any-return]

    def _connect(
        self, kind: type[Kind], *, database: dbapi.Database = None, **options: Any
    ) -> Kind:
        check_kind(database)
        if not isinstance(database, PGlite | Session):
            database = self._open(database)
        connection = open_connection(kind, database, **options)
        connection._conversation.types.texts = _VECTORS
        connection.paramstyle = "format"
        if self.paramstyle == "numeric_dollar":
            connection.paramstyle = "numeric_dollar"
        if self._json_deserializer is not None:
            connection.parsers.update(dict.fromkeys(_JSON_OIDS, self._json_deserializer))
        if self._native_inet_types is False:
            connection.parsers.update(dict.fromkeys(_INET_OIDS, str))
        return connection

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
        if isinstance(e, dbapi.Error) and e.diag is not None:
            return e.diag.severity in ("FATAL", "PANIC")
        return isinstance(e, dbapi.InterfaceError) and connection is not None and connection.closed

    def do_ping(self, dbapi_connection: Any) -> bool:
        before, dbapi_connection.autocommit = dbapi_connection.autocommit, True
        try:
            dbapi_connection.execute("")
        finally:
            dbapi_connection.autocommit = before
        return True

    def get_isolation_level_values(self, dbapi_conn: Any) -> Any:
        return (
            "AUTOCOMMIT",
            "READ COMMITTED",
            "READ UNCOMMITTED",
            "REPEATABLE READ",
            "SERIALIZABLE",
        )

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"
        dbapi_connection.isolation_level = None if level == "AUTOCOMMIT" else level

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        before = dbapi_connection.status
        level = super().get_isolation_level(dbapi_connection)  # type: ignore[no-untyped-call]
        if before == IDLE:
            dbapi_connection.rollback()
        return level

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        return bool(dbapi_conn.autocommit)

    def set_readonly(self, connection: Any, value: bool) -> None:
        connection.read_only = value

    def get_readonly(self, connection: Any) -> bool:
        return bool(connection.read_only)

    def set_deferrable(self, connection: Any, value: bool) -> None:
        connection.deferrable = value

    def get_deferrable(self, connection: Any) -> bool:
        return bool(connection.deferrable)

    def do_begin_twophase(self, connection: Any, xid: str) -> None:
        connection.connection.tpc_begin(xid)

    def do_prepare_twophase(self, connection: Any, xid: str) -> None:
        connection.connection.tpc_prepare()

    def do_rollback_twophase(
        self, connection: Any, xid: str, is_prepared: bool = True, recover: bool = False
    ) -> None:
        self._end_twophase(connection, connection.connection.tpc_rollback, xid, recover)

    def do_commit_twophase(
        self, connection: Any, xid: str, is_prepared: bool = True, recover: bool = False
    ) -> None:
        self._end_twophase(connection, connection.connection.tpc_commit, xid, recover)

    def _end_twophase(self, connection: Any, end: Any, xid: str, recover: bool) -> None:
        if recover:
            connection.connection.rollback()
            end(xid)
        else:
            end()

    def do_recover_twophase(self, connection: Any) -> list[str]:
        return [str(xid) for xid in connection.connection.tpc_recover()]
