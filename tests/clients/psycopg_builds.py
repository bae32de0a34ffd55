"""Which of psycopg's three implementations is imported; PSYCOPG_IMPL chooses it."""

from __future__ import annotations

from importlib.metadata import version

import psycopg

from tests.clients.compatibility import Client

# By what psycopg calls them: in words, and the distribution that carries it.
BUILDS = {
    "binary": ("binary build", "psycopg-binary"),
    "c": ("C build", "psycopg-c"),
    "python": ("in Python", "psycopg"),
}


def build(name: str) -> Client:
    """What the tests of this process are about."""
    words, distribution = BUILDS[psycopg.pq.__impl__]
    return Client(f"{name}, {words}", version(distribution))
