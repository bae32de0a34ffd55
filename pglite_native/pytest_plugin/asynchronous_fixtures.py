"""What the asynchronous fixtures do, with any plugin that runs coroutines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from pglite_native.pytest_plugin import drivers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


async def pglite_async_connection(
    request: pytest.FixtureRequest, pglite_database: Any
) -> AsyncIterator[Any]:
    """An asynchronous connection to the test's database, of psycopg, or else of asyncpg."""
    driver = drivers.asynchronous(request)
    connect = driver.connect if driver.__name__ == "asyncpg" else driver.AsyncConnection.connect
    connection = await connect(pglite_database.url)
    yield connection
    await connection.close()


async def pglite_async_engine(
    request: pytest.FixtureRequest, pglite_database: Any
) -> AsyncIterator[AsyncEngine]:
    """An asynchronous engine of SQLAlchemy for the test's database, on psycopg or else asyncpg."""
    engine = drivers.sqlalchemy_async_engine(request, pglite_database.url)
    yield engine
    await engine.dispose()


async def pglite_async_session(pglite_async_engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """An asynchronous session of SQLAlchemy's ORM, or SQLModel's, in the test's database."""
    session_class = drivers.async_session_class()
    async with session_class(pglite_async_engine, expire_on_commit=False) as session:
        yield session
