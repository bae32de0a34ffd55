"""The fixtures under their usual names; what they do is in factories.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pglite_native.pytest_plugin import factories, options

if TYPE_CHECKING:
    from pglite_native import PGlite
    from pglite_native.pytest_plugin.databases import Databases


@factories.template
def pglite_template(pytestconfig: pytest.Config) -> PGlite:
    """What every test's database is a fork of; override it to run your migrations, once."""
    from pglite_native import PGlite
    from pglite_native.database.quoting import identifier

    extensions = pytestconfig.getini("pglite_extensions")
    db = PGlite(extensions=extensions)
    for extension in extensions:
        db.exec(f"create extension if not exists {identifier(extension)} cascade")
    for path in pytestconfig.getini("pglite_schema"):
        try:
            db.exec_file(path)
        except OSError as error:
            raise pytest.UsageError(f"pglite_schema names files of SQL: {error}") from None
    return db


@pytest.fixture(scope="session")
def pglite_server(pytestconfig: pytest.Config) -> Iterator[Databases]:
    """The server of this process: `create()` gives a database that lasts as long as it does."""
    from pglite_native.pytest_plugin.databases import Databases

    host, port = options.address(pytestconfig)
    try:
        databases = Databases(host, port)
    except (OSError, ValueError) as error:
        raise pytest.UsageError(f"pglite_host = {host}, port {port}: {error}") from error
    with databases:
        yield databases


pglite = factories.pglite("pglite_template")
pglite_database = factories.database("pglite_template")
pglite_url = factories.url("pglite_database")
pglite_dsn = factories.dsn("pglite_database")
pglite_environment = factories.environment("pglite_database")
pglite_connection = factories.connection("pglite_database")
pglite_engine = factories.engine("pglite_database")
pglite_session = factories.session("pglite_engine")


def _needs_coroutines(name: str, text: str) -> Any:
    def fixture() -> None:
        raise pytest.UsageError(
            f"{name} needs a plugin that runs coroutines: pip install pytest-asyncio"
        )

    fixture.__doc__ = text
    return pytest.fixture(fixture, name=name)


# Those that work are in asynchronous_fixtures.py.
pglite_async_connection = _needs_coroutines(
    "pglite_async_connection",
    "An asynchronous connection to the test's database, of psycopg, or else of asyncpg.",
)
pglite_async_engine = _needs_coroutines(
    "pglite_async_engine", "An asynchronous engine of SQLAlchemy for the test's database."
)
pglite_async_session = _needs_coroutines(
    "pglite_async_session", "An asynchronous session of SQLAlchemy's ORM in the test's database."
)
