"""An engine behind a socket, for the drivers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native import Engine
from tests.drivers import bridge


@pytest.fixture(scope="module")
def bridged() -> Iterator[str]:
    with Engine() as engine, bridge.listening(engine) as directory:
        yield str(directory)


@pytest.fixture
def host(bridged: str) -> str:
    """The directory of the socket; the database may hold what earlier tests of the module made."""
    return bridged
