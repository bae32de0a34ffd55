"""py-pglite's fixtures: one database for the session, emptied before a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pglite_native.pytest_plugin import drivers
from pglite_native.testing.py_pglite.config import PGliteConfig
from pglite_native.testing.py_pglite.managers import PGliteManager, SQLAlchemyPGliteManager

if TYPE_CHECKING:
    from sqlalchemy import Engine

TABLES = "select format('%I', tablename) from pg_tables where schemaname = 'public'"


@pytest.fixture(scope="session")
def pglite_config() -> PGliteConfig:
    """Where the databases of the next fixtures listen; to be overridden."""
    return PGliteConfig()


def _manager(**options: Any) -> Any:
    def manager() -> Iterator[PGliteManager]:
        """A database with an address."""
        with PGliteManager() as manager:
            yield manager

    return pytest.fixture(**options)(manager)


pglite_manager = _manager(scope="session")
pglite_manager_isolated = _manager(scope="module")


@pytest.fixture(scope="session")
def pglite_manager_custom(pglite_config: PGliteConfig) -> Iterator[PGliteManager]:
    """A database at the address of `pglite_config`."""
    with PGliteManager(pglite_config) as manager:
        yield manager


@pytest.fixture(scope="session")
def pglite_sqlalchemy_manager(pglite_config: PGliteConfig) -> Iterator[SQLAlchemyPGliteManager]:
    """The same with an engine of SQLAlchemy's."""
    with SQLAlchemyPGliteManager(pglite_config) as manager:
        yield manager


@pytest.fixture(scope="session")
def pglite_engine(pglite_sqlalchemy_manager: SQLAlchemyPGliteManager) -> Engine:
    """An engine of SQLAlchemy's, one for the session."""
    return pglite_sqlalchemy_manager.get_engine()


@pytest.fixture(scope="session")
def pglite_sqlalchemy_engine(pglite_engine: Engine) -> Engine:
    """The same."""
    return pglite_engine


@pytest.fixture
def pglite_session(pglite_engine: Engine) -> Iterator[Any]:
    """A session, of SQLModel where a test has imported that: tables empty, and those of its
    models made.
    """
    empty_tables(pglite_engine)
    if (sqlmodel := sys.modules.get("sqlmodel")) is not None:  # imported by the test's models
        sqlmodel.SQLModel.metadata.create_all(pglite_engine)
    with drivers.session_class()(pglite_engine) as session:
        yield session


@pytest.fixture
def pglite_sqlalchemy_session(pglite_session: Any) -> Any:
    """The same."""
    return pglite_session


def empty_tables(engine: Engine) -> None:
    """Empty all tables of the schema `public`, and let their sequences begin anew."""
    from sqlalchemy import text

    with engine.begin() as connection:
        names = connection.scalars(text(TABLES)).all()
        if names:
            connection.execute(text(f"truncate {', '.join(names)} restart identity cascade"))
