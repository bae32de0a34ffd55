"""The asynchronous fixtures where pytest-asyncio runs coroutines; registered only then."""

from __future__ import annotations

import pytest_asyncio

from pglite_native.pytest_plugin.connecting import connected

pglite_async_connection = pytest_asyncio.fixture(connected, name="pglite_async_connection")
