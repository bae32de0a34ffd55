"""What only TLS has: beginning with it unasked, and passwords that are bound to its certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import psycopg2  # type: ignore[import-untyped]
import pytest

from tests.clients import test_psycopg, test_psycopg2
from tests.clients.compatibility import Client
from tests.clients.place import Place

CLIENTS: dict[str, tuple[Client, Any, int]] = {
    "psycopg": (test_psycopg.CLIENT, psycopg, psycopg.pq.version()),
    "psycopg2": (test_psycopg2.CLIENT, psycopg2, psycopg2.__libpq_version__),
}
LIBPQ_DIRECT = 170000


@pytest.fixture(params=CLIENTS)
def driver(request: pytest.FixtureRequest) -> str:
    driver: str = request.param
    return driver


@pytest.fixture
def client(driver: str) -> Client:
    return CLIENTS[driver][0]


@pytest.fixture
def place(tls: Place) -> Place:
    return replace(tls, transport="direct TLS")


def test_channel_binding(place: Place, driver: str) -> None:
    _, module, libpq = CLIENTS[driver]
    if libpq < LIBPQ_DIRECT:
        pytest.skip(f"libpq {libpq} has no sslnegotiation")
    how = {"sslnegotiation": "direct", "channel_binding": "require"}
    connection = module.connect(**place.libpq(), **how)
    cursor = connection.cursor()
    cursor.execute("SELECT %s", ["x" * 1_000_000])
    assert cursor.fetchone() == ("x" * 1_000_000,)
    connection.close()
