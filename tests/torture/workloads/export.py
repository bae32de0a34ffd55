"""`pglite-native export` to a native server: what a kill interrupts, the same command finishes."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path

import psycopg

from pglite_native import Engine
from pglite_native.cli import main
from tests.engine.sql import run
from tests.migrate.conftest import url_of
from tests.oracle.native import NativeServer
from tests.torture.workload import Say, Steps, Workload

ROWS = 20_000
URL = "url"


class Export(Workload):
    name = "export"
    longest_s = 1.5

    def __init__(self) -> None:
        super().__init__()
        self.is_done = False
        self._server = NativeServer()
        self._number = 0

    def prepare(self, place: Path) -> None:
        with Engine(place / "data") as engine:
            run(
                engine,
                "create table a (n serial primary key, t text);"
                f"insert into a select g, repeat('x', 60) from generate_series(1, {ROWS}) g;"
                "create table b as select n, md5(t) as t from a; create index on b (t);"
                "create view v as select count(*) from b",
            )
        self._renew(place)

    def _renew(self, place: Path) -> None:
        """Have an empty database for the next one."""
        self._number += 1
        name = f"d{self._number}"
        with psycopg.connect(url_of(self._server, "postgres"), autocommit=True) as connection:
            connection.execute(f"drop database if exists d{self._number - 1} with (force)".encode())
            connection.execute(f"create database {name} template template0".encode())
        (place / URL).write_text(url_of(self._server, name))

    def steps(self, place: Path, chance: random.Random, say: Say) -> Steps:
        if not _is_whole(place):
            _export(place)
        say("exported")
        while True:
            yield

    def hear_exported(self) -> None:
        self.is_done = True

    def check(self, place: Path, *, power: bool = False) -> None:
        if not self.is_done and not _is_whole(place):
            _export(place)
        with psycopg.connect((place / URL).read_text()) as connection:
            for sql, wanted in (
                ("select count(*), sum(n), sum(length(t)) from a",
                 (ROWS, ROWS * (ROWS + 1) // 2, 60 * ROWS)),
                ("select count(*), count(distinct t) from b", (ROWS, 1)),
                ("select * from v", (ROWS,)),
                ("select nextval('a_n_seq')", (1,)),
                ("select count(*) from pg_index where indrelid in ('a'::regclass, 'b'::regclass)",
                 (2,)),
                ("select to_regnamespace('pglite_native_move')", (None,)),
                ("select count(distinct tablename) from pg_stats where tablename in ('a', 'b')",
                 (2,)),
            ):  # fmt: skip
                found = connection.execute(sql.encode()).fetchone()
                assert found == wanted, (sql, found)
        self._renew(place)
        self.is_done, self.runs = False, 0

    def close(self) -> None:
        self._server.stop()


def _is_whole(place: Path) -> bool:
    """Whether its last transaction was committed, and it was killed before it could say so."""
    with psycopg.connect((place / URL).read_text()) as connection:
        there = "select to_regclass('a'), to_regnamespace('pglite_native_move')"
        return connection.execute(there).fetchone() == ("a", None)


def _export(place: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        command = ["export", "--data-dir", str(place / "data"), "--to", (place / URL).read_text()]
        assert main(command) == 0
