"""The asynchronous fixtures where anyio's plugin runs coroutines; registered only then."""

from __future__ import annotations

import pytest

from pglite_native.pytest_plugin.connecting import connected

pglite_async_connection = pytest.fixture(connected, name="pglite_async_connection")
