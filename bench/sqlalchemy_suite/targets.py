"""What the suite is run on: a database, and the URL by which SQLAlchemy reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from pglite_native import PGlite
from pglite_native.server import Server
from tests import wire
from tests.oracle.native import PORT, NativeServer

# README.unittests.rst of SQLAlchemy, "PostgreSQL configuration".
SETUP = """
    create schema test_schema; create schema test_schema_2;
    create extension hstore; create extension citext
"""


@dataclass(frozen=True)
class Target:
    name: str
    title: str
    serve: Callable[[], AbstractContextManager[str]]
    """Have the database there; its URL."""
    native: str = ""
    """The name of the target to compare with: a native server, the same driver."""


@contextmanager
def _in_process(dialect: str) -> Iterator[str]:
    yield f"postgresql+{dialect}://"


@contextmanager
def _served(driver: str) -> Iterator[str]:
    with PGlite() as db:
        db.exec(SETUP)
        with Server(db.engine) as server:
            directory, port = server.address
            yield _url(driver, directory, port)


@contextmanager
def _native(driver: str) -> Iterator[str]:
    with NativeServer() as server:
        session = server.connect()
        errors = wire.errors(session.exchange(wire.query(SETUP), "Z"))
        session.close()
        assert not errors, errors
        yield _url(driver, str(server.directory), PORT)


def _url(driver: str, directory: str, port: int) -> str:
    return f"postgresql+{driver}://postgres@/postgres?host={directory}&port={port}"


TARGETS = [
    Target("in-process", "in process", partial(_in_process, "inprocess"), "native-psycopg"),
    Target(
        "asyncio",
        "in process, asyncio",
        partial(_in_process, "inprocess_async"),
        "native-psycopg",
    ),
    Target("server", "the server, psycopg", partial(_served, "psycopg"), "native-psycopg"),
    Target("native-psycopg", "native PostgreSQL, psycopg", partial(_native, "psycopg")),
]
