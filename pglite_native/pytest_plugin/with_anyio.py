"""The asynchronous fixtures where anyio's plugin runs coroutines; registered only then."""

from __future__ import annotations

import pytest

from pglite_native.pytest_plugin import asynchronous_fixtures

pglite_async_connection = pytest.fixture(asynchronous_fixtures.pglite_async_connection)
pglite_async_engine = pytest.fixture(asynchronous_fixtures.pglite_async_engine)
pglite_async_session = pytest.fixture(asynchronous_fixtures.pglite_async_session)
