"""The asynchronous fixtures where pytest-asyncio runs coroutines; registered only then."""

from __future__ import annotations

import pytest_asyncio

from pglite_native.pytest_plugin import asynchronous_fixtures

pglite_async_connection = pytest_asyncio.fixture(asynchronous_fixtures.pglite_async_connection)
pglite_async_engine = pytest_asyncio.fixture(asynchronous_fixtures.pglite_async_engine)
pglite_async_session = pytest_asyncio.fixture(asynchronous_fixtures.pglite_async_session)
