"""What the tests of bench/suite run on: `--way` chooses."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from bench import py_pglite
from bench.template import SCHEMA, TRUNCATE

if TYPE_CHECKING:
    from pglite_native import PGlite

Fetch = Callable[..., Sequence[tuple[Any, ...]]]
"""Runs one statement with parameters $1, $2, ...; returns its rows."""

KINDS = 5  # of tests, in test_suite.py

_times: dict[str, float] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--way", default="pglite", help="a fixture of bench/suite/conftest.py")
    parser.addoption("--tests", type=int, default=500, help="how many there are")
    parser.addoption("--report", type=Path, help="where to write what they took, as JSON")
    parser.addoption("--py-pglite", type=Path, help="py-pglite's folder for node's packages")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _times[report.nodeid] = _times.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    if path := session.config.getoption("report"):
        memory_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = {"seconds": list(_times.values()), "memory_mib": memory_kib / 1024}
        path.write_text(json.dumps(report))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("number", range(metafunc.config.getoption("tests") // KINDS))


@pytest.fixture(scope="session")
def pglite_template(pglite_template: PGlite) -> PGlite:
    pglite_template.exec(SCHEMA)
    return pglite_template


@pytest.fixture
def fetch(request: pytest.FixtureRequest) -> Fetch:
    way: Fetch = request.getfixturevalue(request.config.getoption("way"))
    return way


@pytest.fixture
def in_process(pglite: PGlite) -> Fetch:
    return _by_pglite(pglite)


@pytest.fixture(scope="session")
def in_process_shared(pglite_template: PGlite) -> Fetch:
    return _by_pglite(pglite_template)


@pytest.fixture
def by_psycopg(pglite_connection: psycopg.Connection) -> Fetch:
    return _by_psycopg(pglite_connection)


@pytest.fixture(scope="session")
def shared_connection(
    pglite_server: Any, pglite_template: Any
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(pglite_server.create(pglite_template.snapshot).url) as connection:
        yield connection


@pytest.fixture
def by_psycopg_shared(shared_connection: psycopg.Connection) -> Iterator[Fetch]:
    yield _by_psycopg(shared_connection)
    shared_connection.commit()


@pytest.fixture
def by_psycopg_truncated(shared_connection: psycopg.Connection) -> Iterator[Fetch]:
    yield _by_psycopg(shared_connection)
    _truncate(shared_connection)


@pytest.fixture(scope="session")
def py_pglite_connection(
    pytestconfig: pytest.Config,
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with py_pglite.connected(pytestconfig.getoption("py_pglite")) as connection:
        connection.execute(SCHEMA.encode())
        connection.commit()
        yield connection


@pytest.fixture
def by_py_pglite_shared(py_pglite_connection: psycopg.Connection) -> Iterator[Fetch]:
    yield _by_psycopg(py_pglite_connection)
    py_pglite_connection.commit()


@pytest.fixture
def by_py_pglite_truncated(py_pglite_connection: psycopg.Connection) -> Iterator[Fetch]:
    yield _by_psycopg(py_pglite_connection)
    _truncate(py_pglite_connection)


def _truncate(connection: psycopg.Connection) -> None:
    connection.rollback()
    connection.execute(TRUNCATE.encode())
    connection.commit()


def _by_pglite(db: PGlite) -> Fetch:
    def fetch(sql: str, *params: object) -> Sequence[tuple[Any, ...]]:
        return db.query(sql, params, row_mode="array").rows

    return fetch


def _by_psycopg(connection: psycopg.Connection) -> Fetch:
    cursor = psycopg.RawCursor(connection)

    def fetch(sql: str, *params: object) -> Sequence[tuple[Any, ...]]:
        cursor.execute(sql.encode(), params)
        return cursor.fetchall() if cursor.description else []

    return fetch
