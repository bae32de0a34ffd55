"""DatabaseJanitor: makes a database, fills it and drops it, at any PostgreSQL server; and the same
for coroutines."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from packaging.version import Version

from pglite_native._closing import Closing
from pglite_native.database.quoting import identifier

if TYPE_CHECKING:
    from typing_extensions import Self

Load = Callable[..., object] | str | Path


class DatabaseJanitor(Closing):
    """A database for as long as a `with` block.

    Args:
        user: the role to connect as; it may create databases.
        host: the server's address, or the directory of its Unix socket.
        port: its port.
        dbname: the database.
        template_dbname: what it is a copy of; connections to that are ended.
        maintenance_dbname: a database that is there.
        as_template: whether others are copied from it.
        password: the role's.
        isolation_level: of the connections that `cursor` makes.
        autocommit: whether files are loaded outside of a transaction.
        version: kept as a packaging.version.Version.
        connection_timeout: without effect: nothing is tried twice.
    """

    def __init__(
        self,
        *,
        user: str,
        host: str,
        port: str | int,
        version: object = None,
        dbname: str,
        template_dbname: str | None = None,
        maintenance_dbname: str = "postgres",
        as_template: bool = False,
        password: str | None = None,
        isolation_level: psycopg.IsolationLevel | None = None,
        autocommit: bool = False,
        connection_timeout: int = 60,
    ) -> None:
        self.user = user
        self.host = host
        self.port = port
        self.version = None if version is None else Version(str(version))
        self.dbname = dbname
        self.template_dbname = template_dbname
        self.maintenance_dbname = maintenance_dbname
        self.as_template = as_template
        self.password = password
        self.isolation_level = isolation_level
        self.autocommit = autocommit

    def is_template(self) -> bool:
        """Whether others are copied from it."""
        return self.as_template

    def init(self) -> None:
        """Create the database."""
        clauses = ""
        with self.cursor() as cursor:
            if self.template_dbname:
                self._end_connections(cursor, self.template_dbname)
                clauses += f" template {identifier(self.template_dbname)}"
            if self.as_template:
                clauses += " is_template true"
            cursor.execute(f"create database {identifier(self.dbname)}{clauses}")

    def drop(self) -> None:
        """Drop the database, if it is there; connections to it are ended."""
        name = identifier(self.dbname)
        with self.cursor() as cursor:
            cursor.execute("select from pg_database where datname = %s", [self.dbname])
            if cursor.rowcount:
                cursor.execute(f"alter database {name} is_template false")
                cursor.execute(f"drop database {name} with (force)")

    def load(self, load: Load) -> None:
        """Fill it: by a file of SQL, or by a function, or the dotted name of one.

        The function gets host, port, user, dbname and password.
        """
        address = self._address(self.dbname)
        if isinstance(load, Path):
            with psycopg.connect(**address, autocommit=self.autocommit) as connection:
                connection.execute(load.read_bytes())
            return
        _function(load)(**address)

    @contextmanager
    def cursor(self, dbname: str | None = None) -> Iterator[psycopg.Cursor[Any]]:
        """A cursor in a database, that of `maintenance_dbname` if none is named."""
        address = self._address(dbname or self.maintenance_dbname)
        with psycopg.connect(**address) as connection:
            connection.autocommit = True
            if self.isolation_level is not None:
                connection.isolation_level = self.isolation_level
            with connection.cursor() as cursor:
                yield cursor

    def __enter__(self) -> Self:
        self.init()
        return self

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.drop()

    def _address(self, dbname: str) -> dict[str, Any]:
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "dbname": dbname,
            "password": self.password,
        }

    @staticmethod
    def _end_connections(cursor: psycopg.Cursor[Any], dbname: str) -> None:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [dbname]
        )


class AsyncDatabaseJanitor:
    """The same to be awaited, for as long as an `async with` block. Takes the same arguments.

    Its work is done in threads, but for `cursor` and for functions that are coroutines.
    """

    def __init__(self, **arguments: Any) -> None:
        self._janitor = DatabaseJanitor(**arguments)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the other's: `dbname`, `user` and so on."""
        return getattr(self._janitor, name)

    async def init(self) -> None:
        """Create the database."""
        await asyncio.to_thread(self._janitor.init)

    async def drop(self) -> None:
        """Drop the database, if it is there; connections to it are ended."""
        await asyncio.to_thread(self._janitor.drop)

    async def load(self, load: Load) -> None:
        """Fill it: by a file of SQL, or by a function, which may be a coroutine's, or its name."""
        function = None if isinstance(load, Path) else _function(load)
        if function is not None and inspect.iscoroutinefunction(function):
            await function(**self._janitor._address(self._janitor.dbname))
        else:
            await asyncio.to_thread(self._janitor.load, load if function is None else function)

    @asynccontextmanager
    async def cursor(self, dbname: str | None = None) -> AsyncIterator[psycopg.AsyncCursor[Any]]:
        """A cursor in a database, that of `maintenance_dbname` if none is named."""
        janitor = self._janitor
        address = janitor._address(dbname or janitor.maintenance_dbname)
        async with await psycopg.AsyncConnection.connect(**address, autocommit=True) as connection:
            if janitor.isolation_level is not None:
                await connection.set_isolation_level(janitor.isolation_level)
            async with connection.cursor() as cursor:
                yield cursor

    async def __aenter__(self) -> Self:
        await self.init()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()


def _function(load: Callable[..., object] | str) -> Callable[..., Any]:
    """Return what a dotted name means; or the function itself."""
    if callable(load):
        return load
    module, _, name = load.replace(":", ".").rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
