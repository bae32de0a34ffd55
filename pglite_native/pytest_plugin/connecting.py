"""What the asynchronous fixtures do, with any plugin that runs coroutines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest


async def connected(request: pytest.FixtureRequest, pglite_database: Any) -> AsyncIterator[Any]:
    """An asynchronous connection to the test's database, of psycopg, or else of asyncpg."""
    from pglite_native.pytest_plugin import drivers

    driver = drivers.asynchronous(request)
    connect = driver.connect if driver.__name__ == "asyncpg" else driver.AsyncConnection.connect
    connection = await connect(pglite_database.url)
    yield connection
    await connection.close()
