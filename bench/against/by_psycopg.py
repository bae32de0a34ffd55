"""Any server of PostgreSQL's protocol on a Unix socket, by psycopg.

What a contestant holds are the processes below this one: the server, never psycopg.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench import template
from bench.against.serve import Missing

Connection = psycopg.Connection[tuple[Any, ...]]
COPY_CHUNK = 64 * 1024


class ByPsycopg:
    """`make_second` makes a database as its owner would, and throws it away."""

    def __init__(self, connection: Connection, make_second: Callable[[], None], what: str) -> None:
        self._connection = connection
        self.second = make_second
        self._cursor = psycopg.RawCursor(connection)
        self._has_schema = False
        self.description = f"{what}, psycopg {psycopg.__version__} ({psycopg.pq.__impl__})"

    def call(self, sql: str) -> Callable[[], object]:
        # As a new cursor has it. Of a statement that returns rows they are taken.
        execute, statement = self._connection.execute, sql.encode()

        def call() -> object:
            cursor = execute(statement)
            return cursor.fetchall() if cursor.description else None

        return call

    def prepared_call(self, sql: str, parameters: list[int]) -> Callable[[], object]:
        cursor, statement = self._cursor, sql.encode()

        def call() -> object:
            cursor.execute(statement, parameters, prepare=True)
            return cursor.fetchall() if cursor.description else None

        return call

    def copy_in(self, sql: str, data: bytes) -> None:
        with self._cursor.copy(sql.encode()) as copy:
            for at in range(0, len(data), COPY_CHUNK):
                copy.write(data[at : at + COPY_CHUNK])

    def copy_out(self, sql: str) -> Callable[[], int]:
        with self._cursor.copy(sql.encode()) as copy:
            copied = b"".join(copy)
        return lambda: copied.count(b"\n")

    def fetch(self, sql: str) -> int:
        return len(self._connection.execute(sql.encode()).fetchall())

    def fetch_arrow(self, sql: str) -> int:
        raise Missing("psycopg makes Python values")

    def write(self) -> None:
        if not self._has_schema:
            self._connection.execute(template.SCHEMA.encode())
            self._has_schema = True
        self._connection.execute(template.WRITES.encode())

    def reset(self) -> None:
        self._connection.execute(template.TRUNCATE.encode())
        self._connection.execute(template.FIRST_QUERY.encode()).fetchall()


class OnOurServer(ByPsycopg):
    """Its connections are forks of a template, so a test gets a new one."""

    _server: _OurServer | None = None
    _test: Connection | None = None

    def write(self) -> None:
        self._server = self._server or _OurServer("--schema")
        self._test = self._test or _connect(self._server.dsn)
        self._test.execute(template.WRITES.encode())

    def reset(self) -> None:
        assert self._server is not None and self._test is not None
        self._test.close()
        self._test = _connect(self._server.dsn)
        self._test.execute(template.FIRST_QUERY.encode()).fetchall()


def open_our_server() -> Iterator[OnOurServer]:
    server = _OurServer()

    def second() -> None:
        with _connect(server.dsn) as connection:  # a database of its own
            _select_1(connection)

    with _connect(server.dsn) as connection:
        _select_1(connection)
        tier = os.environ.get("PGLITE_NATIVE_TIER", "auto")
        yield OnOurServer(connection, second, f"tier {tier}")


def open_postgresql() -> Iterator[ByPsycopg]:
    from tests.oracle.native import PORT, NativeServer

    with NativeServer(Path(sys.argv[2])) as server:
        address = f"host={server.directory} port={PORT} user=postgres dbname="

        def second() -> None:
            connection.execute("create database another")
            with _connect(address + "another") as other:
                _select_1(other)
            connection.execute("drop database another with (force)")

        with _connect(address + "postgres") as connection:
            _select_1(connection)
            ((version,),) = connection.execute("show server_version").fetchall()
            yield ByPsycopg(connection, second, f"PostgreSQL {version}")


def open_py_pglite() -> Iterator[ByPsycopg]:
    from importlib import metadata

    from bench import py_pglite

    @contextmanager
    def opened() -> Iterator[Connection]:
        with py_pglite.connected(Path(sys.argv[2]), extensions=["pgvector"]) as connection:
            connection.autocommit = True
            _select_1(connection)
            yield connection

    def second() -> None:
        with opened():
            pass

    with opened() as connection:
        yield ByPsycopg(connection, second, f"py-pglite {metadata.version('py-pglite')}")


def open_pytest_pglite() -> Iterator[ByPsycopg]:
    from importlib import metadata

    from pytest_pglite import PGliteServer  # type: ignore[import-not-found]

    def second() -> None:
        raise Missing("one instance serves all connections of a process")

    with PGliteServer() as server, _connect(server.dsn) as connection:
        _select_1(connection)
        yield ByPsycopg(connection, second, f"pytest-pglite {metadata.version('pytest-pglite')}")


class _OurServer:
    """In a process of its own, which ends with this one."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "bench.against.our_server", *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.dsn = self._process.stdout.readline().strip()


def _connect(address: str) -> Connection:
    return psycopg.connect(address, autocommit=True, connect_timeout=60)


def _select_1(connection: Connection) -> None:
    assert connection.execute("select 1").fetchall() == [(1,)]
