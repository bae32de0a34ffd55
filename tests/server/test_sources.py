"""What a server can be made of, and whom its connections share it with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from pglite_native import AsyncPGlite, Engine, PGlite, Snapshot
from pglite_native.server import Server

READ = "SELECT a FROM t"


def made(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute(READ).fetchone()


def test_all_connections_share_one_database_unless_isolation_is_asked_for() -> None:
    with Server() as server:
        with psycopg.connect(server.url) as one:
            one.execute("CREATE TABLE t AS SELECT 7 AS a")
        assert made(server.url) == (7,)
    with Server(shared=False) as server:
        with psycopg.connect(server.url) as one:
            one.execute("CREATE TABLE t AS SELECT 7 AS a")
        with pytest.raises(psycopg.errors.UndefinedTable):
            made(server.url)


def test_a_snapshot_becomes_one_cluster() -> None:
    with PGlite() as db:
        db.exec("CREATE TABLE t AS SELECT 7 AS a")
        snapshot: Snapshot = db.engine.snapshot()
    with Server(snapshot) as server:
        with psycopg.connect(server.url) as one:
            one.execute("UPDATE t SET a = 8")
        assert made(server.url) == (8,)
    with Server(snapshot) as server:
        assert made(server.url) == (7,)


def test_a_pglite_is_served_and_stays_open(tmp_path: Path) -> None:
    with PGlite(tmp_path / "shop") as db:
        with Server(db) as server, psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE t AS SELECT 7 AS a")
        assert db.query(READ).scalar() == 7


def test_a_session_of_a_pglite_serves_its_cluster() -> None:
    with PGlite() as db, db.connect() as second, Server(second) as server:
        db.exec("CREATE TABLE t AS SELECT 7 AS a")
        assert made(server.url) == (7,)


def test_an_async_pglite_is_served() -> None:
    async def serve() -> None:
        async with AsyncPGlite() as db:
            await db.exec("CREATE TABLE t AS SELECT 7 AS a")
            with Server(db) as server:
                assert await asyncio.to_thread(made, server.url) == (7,)

    asyncio.run(serve())


def test_a_scratch_database_is_a_fork_of_the_shared_one_as_it_is_then() -> None:
    with Server() as server:
        with psycopg.connect(server.url) as one:
            one.execute("CREATE TABLE t AS SELECT 7 AS a")
        scratch = server.url_of("scratch_mine")
        assert made(scratch) == (7,)
        with psycopg.connect(scratch) as one:
            one.execute("UPDATE t SET a = 8")
        assert (made(scratch), made(server.url)) == ((8,), (7,))


@pytest.mark.parametrize("source", ["./shop", Path("shop"), 5432])
def test_what_is_no_source_is_refused_with_what_to_use(source: object) -> None:
    with pytest.raises(TypeError, match=r"Server\(PGlite\(directory\)\)"):
        Server(source)  # type: ignore[arg-type]


def test_a_port_that_is_none_is_refused() -> None:
    with Engine() as engine, pytest.raises(ValueError, match="a port is 0 to 65535: 99999"):
        Server(engine, host="127.0.0.1", port=99999, trust=True)
