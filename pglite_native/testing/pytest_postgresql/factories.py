"""Fixtures made to order, as pytest-postgresql's factories make them."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import psycopg
import pytest

from pglite_native.testing import arguments
from pglite_native.testing.instance import Instance
from pglite_native.testing.pytest_postgresql.executors import NoopExecutor, PostgreSQLExecutor
from pglite_native.testing.pytest_postgresql.janitor import DatabaseJanitor, Load
from pglite_native.testing.pytest_postgresql.options import Config

__all__ = ["postgresql", "postgresql_async", "postgresql_noproc", "postgresql_proc"]

OF_OPTIONS = -1  # "as the options say", for a port

Ports = int | str | tuple[int, int] | set[int] | Sequence[tuple[int, int] | set[int]] | None


def postgresql_proc(
    executable: str | None = None,
    host: str | None = None,
    port: Ports = OF_OPTIONS,
    user: str | None = None,
    password: str | None = None,
    dbname: str | None = None,
    *,
    options: str = "",
    startparams: str | None = None,
    unixsocketdir: str | None = None,
    postgres_options: str | None = None,
    load: list[Load] | None = None,
    load_autocommit: bool | None = None,
) -> Any:
    """Make a fixture, for the session: a server in this process, with a template database.

    Args:
        executable, startparams, unixsocketdir: without effect.
        host: the address to listen at.
        port: the port; None for one that is free, -1 for what the options say, a pair for one from
            a range, a set for one of it, or a list of these.
        user: the role, made if it is missing.
        password: what clients have to know; without it none is asked for.
        dbname: what the tests' databases are called.
        options: options of their connections.
        postgres_options: parameters of the server: "-c name=value".
        load: what fills the template.
        load_autocommit: whether files are loaded outside of a transaction.
    """

    @pytest.fixture(scope="session")
    def postgresql_proc(request: pytest.FixtureRequest) -> Iterator[PostgreSQLExecutor]:
        """A server in this process: its host, port, user, password and dbname."""
        config = Config(request.config)
        wanted = config.port if port == OF_OPTIONS else port
        instance = _listening(
            _candidates(wanted),
            host=host or config.host,
            user=user or config.user,
            password=password or config.password,
            settings=arguments.settings(
                config.postgres_options if postgres_options is None else postgres_options
            ),
        )
        with instance:
            server = PostgreSQLExecutor(
                instance, options or config.options, dbname or config.dbname
            )
            _fill(
                server, None, load or config.load, _first(load_autocommit, config.load_autocommit)
            )
            yield server
            server.stop()

    return postgresql_proc


def postgresql_noproc(
    host: str | None = None,
    port: str | int | None = None,
    user: str | None = None,
    password: str | None = None,
    dbname: str | None = None,
    *,
    maintenance_dbname: str | None = None,
    options: str = "",
    load: list[Load] | None = None,
    load_autocommit: bool | None = None,
    depends_on: str | None = None,
) -> Any:
    """Make a fixture, for the session: a template database at a server that is there.

    Args:
        depends_on: the name of a process fixture, whose server and content it begins with.
        host, port, user, password, dbname, maintenance_dbname, options: of the server.
        load, load_autocommit: as for postgresql_proc.
    """

    @pytest.fixture(scope="session")
    def postgresql_noproc(request: pytest.FixtureRequest) -> Iterator[NoopExecutor]:
        """A server that is there: its host, port, user, password and dbname."""
        config = Config(request.config)
        base = request.getfixturevalue(depends_on) if depends_on else config
        name = (dbname or config.dbname) + os.environ.get("PYTEST_XDIST_WORKER", "")
        if depends_on and not dbname:
            name = f"{name}_{depends_on}"  # not that of what it depends on
        server = NoopExecutor(
            host=host or base.host,
            port=port or base.port or 5432,
            user=user or base.user,
            password=password or base.password,
            dbname=name,
            options=options or base.options,
            maintenance_dbname=maintenance_dbname or base.maintenance_dbname,
        )
        template = _janitor(server, server.template_dbname, as_template=True)
        if config.drop_test_database:
            template.drop()
        source = getattr(base, "template_dbname", None)
        _fill(server, source, load or config.load, _first(load_autocommit, config.load_autocommit))
        yield server
        template.drop()

    return postgresql_noproc


def postgresql(
    process_fixture_name: str,
    dbname: str | None = None,
    isolation_level: psycopg.IsolationLevel | None = None,
) -> Any:
    """Make a fixture: a connection of psycopg to a copy of a process fixture's template."""

    @pytest.fixture
    def postgresql(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
        """A connection of psycopg to a database of the test's own."""
        server: NoopExecutor = request.getfixturevalue(process_fixture_name)
        janitor = _of_test(request, server, dbname)
        with janitor:
            connection = psycopg.connect(**_parameters(server, janitor.dbname))
            try:
                if isolation_level is not None:
                    connection.isolation_level = isolation_level
                yield connection
            finally:
                connection.close()

    return postgresql


def postgresql_async(
    process_fixture_name: str,
    dbname: str | None = None,
    isolation_level: psycopg.IsolationLevel | None = None,
) -> Any:
    """Make the same fixture for coroutines; pytest-asyncio runs it."""
    try:
        import pytest_asyncio
    except ImportError:

        @pytest.fixture(name="postgresql_async")
        def missing() -> None:
            raise pytest.UsageError("postgresql_async needs: pip install pytest-asyncio")

        return missing

    @pytest_asyncio.fixture
    async def postgresql_async(
        request: pytest.FixtureRequest,
    ) -> AsyncIterator[psycopg.AsyncConnection]:
        """An asynchronous connection of psycopg to a database of the test's own."""
        server: NoopExecutor = request.getfixturevalue(process_fixture_name)
        janitor = _of_test(request, server, dbname)
        with janitor:
            parameters = _parameters(server, janitor.dbname)
            connection = await psycopg.AsyncConnection.connect(**parameters)
            try:
                if isolation_level is not None:
                    await connection.set_isolation_level(isolation_level)
                yield connection
            finally:
                await connection.close()

    return postgresql_async


def _of_test(
    request: pytest.FixtureRequest, server: NoopExecutor, dbname: str | None
) -> DatabaseJanitor:
    janitor = _janitor(server, dbname or server.dbname, template_dbname=server.template_dbname)
    if Config(request.config).drop_test_database:
        janitor.drop()
    return janitor


def _parameters(server: NoopExecutor, dbname: str) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": dbname,
        "options": server.options,
    }


def _janitor(server: NoopExecutor, dbname: str, **options: Any) -> DatabaseJanitor:
    return DatabaseJanitor(
        user=server.user,
        host=server.host,
        port=server.port,
        password=server.password,
        maintenance_dbname=server.maintenance_dbname,
        dbname=dbname,
        **options,
    )


def _fill(
    server: NoopExecutor, source: str | None, loads: Iterable[Load], autocommit: bool
) -> None:
    """Make the template database."""
    janitor = _janitor(
        server,
        server.template_dbname,
        template_dbname=source,
        as_template=True,
        autocommit=autocommit,
    )
    janitor.init()
    for load in loads:
        janitor.load(load)


def _first(value: bool | None, other: bool) -> bool:
    return other if value is None else value


def _candidates(ports: Ports) -> Iterable[int | None]:
    """The ports that a user allows, in no order; None is any that is free."""
    if ports is None or ports == "":
        return [None]
    if isinstance(ports, int | str):
        return [int(ports)]
    if isinstance(ports, tuple):
        first, last = ports
        allowed = list(range(first, last + 1))
    elif isinstance(ports, set):
        allowed = list(ports)
    else:
        allowed = [port for item in ports for port in _candidates(item) if port is not None]
    return random.sample(allowed, len(allowed))


def _listening(ports: Iterable[int | None], **options: Any) -> Instance:
    """Listen at the first of several ports that is free.

    Raises:
        pytest.UsageError: none is.
    """
    tried = []
    for port in ports:
        try:
            return Instance(port=port, **options)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            tried.append(str(port))
    raise pytest.UsageError(f"postgresql_proc: in use by others: port {', '.join(tried)}")
