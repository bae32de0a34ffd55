"""A native server to move to and from, with databases for one test each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from pglite_native import PGlite
from tests.oracle.native import PORT, NativeServer

EVERYTHING = Path(__file__).with_name("everything.sql")


def url_of(server: NativeServer, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={quote(str(server.directory))}&port={PORT}"


@pytest.fixture(scope="session")
def native() -> Iterator[NativeServer]:
    with NativeServer() as server:
        yield server


@pytest.fixture
def new_database(native: NativeServer) -> Callable[[], str]:
    """A function that makes an empty database and returns its URL."""
    numbers = itertools.count()

    def make() -> str:
        name = f"moving_{next(numbers)}"
        with psycopg.connect(url_of(native, "postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        return url_of(native, name)

    return make


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a database that has one of each; not to be changed."""
    folder = tmp_path_factory.mktemp("everything") / "data"
    with PGlite(folder) as db:
        db.exec(EVERYTHING.read_text(encoding="utf-8"))
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A directory with a little database, to be changed at will."""
    folder = tmp_path / "small"
    with PGlite(folder) as db:
        db.exec("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    return folder
