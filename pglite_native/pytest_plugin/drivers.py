"""The drivers, which are the user's choice: found when a fixture wants one."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import sqlalchemy
    import sqlalchemy.orm
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


def psycopg(request: pytest.FixtureRequest) -> Any:
    """The module psycopg."""
    return _first(request, "psycopg", install="psycopg[binary]")


def asynchronous(request: pytest.FixtureRequest) -> Any:
    """The module psycopg, or else asyncpg."""
    return _first(request, "psycopg", "asyncpg", install="psycopg[binary]")


def sqlalchemy_engine(request: pytest.FixtureRequest, url: str) -> sqlalchemy.Engine:
    """An engine, with a pool as it comes."""
    _first(request, "sqlalchemy", install="sqlalchemy")
    driver = _first(request, "psycopg", "psycopg2", install="psycopg[binary]").__name__
    from sqlalchemy import create_engine

    return create_engine(url.replace("postgresql:", f"postgresql+{driver}:", 1))


def sqlalchemy_async_engine(request: pytest.FixtureRequest, url: str) -> AsyncEngine:
    """An asynchronous engine, with a pool as it comes."""
    for module in ("sqlalchemy", "greenlet"):
        _first(request, module, install="sqlalchemy[asyncio]")
    driver = asynchronous(request).__name__
    from sqlalchemy.ext.asyncio import create_async_engine

    return create_async_engine(url.replace("postgresql:", f"postgresql+{driver}:", 1))


def session_class() -> type[sqlalchemy.orm.Session]:
    """SQLModel's session where a test's models have imported that, else SQLAlchemy's."""
    module = "sqlmodel" if "sqlmodel" in sys.modules else "sqlalchemy.orm"
    kind: type[sqlalchemy.orm.Session] = import_module(module).Session
    return kind


def async_session_class() -> type[AsyncSession]:
    """The same for coroutines."""
    name = "sqlmodel.ext.asyncio.session" if "sqlmodel" in sys.modules else "sqlalchemy.ext.asyncio"
    kind: type[AsyncSession] = import_module(name).AsyncSession
    return kind


def _first(request: pytest.FixtureRequest, *names: str, install: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise  # it is installed, and broken
    wanted = " or ".join(names)
    raise pytest.UsageError(f"{request.fixturename} needs {wanted}: pip install '{install}'")
