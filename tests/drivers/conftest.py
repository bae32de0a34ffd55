"""What the drivers connect to: an engine behind a bridge, and the server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pglite_native import Engine
from pglite_native.server import Server
from tests.drivers import bridge


@pytest.fixture(scope="module")
def bridged() -> Iterator[str]:
    with Engine() as engine, bridge.listening(engine) as directory:
        yield str(directory)


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with Server() as server:
        directory, _ = server.address
        yield directory


@pytest.fixture(params=["bridge", "server"])
def host(request: pytest.FixtureRequest) -> str:
    """The directory of the socket; behind the bridge the database may hold what earlier tests of
    the module made, behind the server every connection has its own.
    """
    fixture = "bridged" if request.param == "bridge" else "served"
    host: str = request.getfixturevalue(fixture)
    return host
