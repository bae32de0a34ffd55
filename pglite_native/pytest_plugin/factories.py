"""Fixtures made to order, for databases beside the usual one.

    from pglite_native.pytest_plugin import factories

    @factories.template
    def shop_template():
        db = PGlite()
        db.exec(SHOP)
        return db

    shop = factories.pglite("shop_template")
    shop_database = factories.database("shop_template")
    shop_connection = factories.connection("shop_database")

Arguments are the names of the fixtures that a fixture builds upon. Everything is per test but
templates, which are per session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pglite_native.pytest_plugin.kept_databases import is_keeping, keepable

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy
    from sqlalchemy.orm import Session

    from pglite_native import PGlite
    from pglite_native.pytest_plugin.databases import Database

__all__ = [
    "connection",
    "database",
    "dsn",
    "engine",
    "environment",
    "pglite",
    "session",
    "template",
    "url",
]

TEMPLATE_MARK = "_is_pglite_template"


def template(function: Callable[..., Any]) -> Any:
    """Make a fixture that is a template, of a function that returns or yields a database.

    It runs once in a session, also in one of several processes (pytest-xdist). What it returns may
    be a PGlite, an AsyncPGlite, an Engine, a Snapshot or the path of a saved one, or a Database of
    `pglite_server`. A test that asks for the fixture gets a PGlite with its content.
    """
    setattr(function, TEMPLATE_MARK, True)
    return pytest.fixture(scope="session")(function)


def pglite(template: str) -> Any:
    """Make a fixture: a PGlite, a fork of the template."""

    @pytest.fixture
    def pglite(request: pytest.FixtureRequest) -> Iterator[PGlite]:
        """A database of the test's own, in this process: a PGlite, fork of the template."""
        name = str(request.fixturename)
        db = request.getfixturevalue(template).fork()
        with db, keepable(request.config, name, db.engine.snapshot):
            yield db

    return pglite


def database(template: str) -> Any:
    """Make a fixture: a Database on the server, a fork of the template."""

    @pytest.fixture
    def database(request: pytest.FixtureRequest) -> Iterator[Database]:
        """A database of the test's own, on the server: its `url`, `dsn` and `name`."""
        snapshot = request.getfixturevalue(template).snapshot
        config = request.config
        server = request.getfixturevalue("pglite_server")
        database = server.create(snapshot, lend_session=not is_keeping(config))
        with keepable(config, str(request.fixturename), database.snapshot):
            yield database
        database.drop()

    return database


def url(database: str) -> Any:
    """Make a fixture: a Database's URL."""

    @pytest.fixture
    def url(request: pytest.FixtureRequest) -> str:
        """The URL of the test's database on the server: postgresql://..."""
        return str(request.getfixturevalue(database).url)

    return url


def dsn(database: str) -> Any:
    """Make a fixture: a Database's DSN."""

    @pytest.fixture
    def dsn(request: pytest.FixtureRequest) -> str:
        """The DSN of the test's database on the server: host=... dbname=..."""
        return str(request.getfixturevalue(database).dsn)

    return dsn


def environment(database: str) -> Any:
    """Make a fixture: environment variables that lead to a Database, while a test runs."""

    @pytest.fixture
    def environment(
        request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> dict[str, str]:
        """PGHOST, PGPORT, PGUSER, PGDATABASE, DATABASE_URL: set for the test and what it runs."""
        variables: dict[str, str] = request.getfixturevalue(database).environment
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return variables

    return environment


def connection(database: str) -> Any:
    """Make a fixture: a connection of psycopg."""

    @pytest.fixture
    def connection(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
        """A connection of psycopg to the test's database."""
        from pglite_native.pytest_plugin import drivers

        connection = drivers.psycopg(request).connect(request.getfixturevalue(database).dsn)
        yield connection
        connection.close()

    return connection


def engine(database: str) -> Any:
    """Make a fixture: an engine of SQLAlchemy."""

    @pytest.fixture
    def engine(request: pytest.FixtureRequest) -> Iterator[sqlalchemy.Engine]:
        """An engine of SQLAlchemy for the test's database, on psycopg or else psycopg2."""
        from pglite_native.pytest_plugin import drivers

        engine = drivers.sqlalchemy_engine(request, request.getfixturevalue(database).url)
        yield engine
        engine.dispose()

    return engine


def session(engine: str) -> Any:
    """Make a fixture: a session of SQLAlchemy's ORM."""

    @pytest.fixture
    def session(request: pytest.FixtureRequest) -> Iterator[Session]:
        """A session of SQLAlchemy's ORM, or SQLModel's, in the test's database."""
        from pglite_native.pytest_plugin import drivers

        bind = request.getfixturevalue(engine)
        with drivers.session_class()(bind) as session:
            yield session

    return session
