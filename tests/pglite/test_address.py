"""PGlite.dsn and url: any driver sees the live database."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pglite_native import AsyncPGlite, Engine, EngineClosed, PGlite
from tests.waiting import DEADLINE_S, in_thread, until_blocked
from tools import ROOT


@pytest.fixture
def db(db: PGlite) -> PGlite:
    db.exec("create table t (id int primary key, n int); insert into t values (1, 0)")
    return db


@pytest.fixture
def client(db: PGlite) -> Iterator[psycopg.Connection]:
    with psycopg.connect(db.dsn) as connected:
        yield connected


def directory(db: PGlite) -> Path:
    return Path(psycopg.conninfo.conninfo_to_dict(db.dsn)["host"])  # type: ignore[arg-type]


def test_a_driver_and_the_database_see_each_other(db: PGlite, client: psycopg.Connection) -> None:
    client.execute("insert into t values (2, 5)")
    assert db.query("select count(*) from t").rows == [{"count": 1}]
    client.commit()
    assert db.query("select n from t where id = 2").rows == [{"n": 5}]
    db.exec("update t set n = 6 where id = 2")
    assert client.execute("select n from t where id = 2").fetchone() == (6,)


def test_it_is_the_session_s_database_and_user(db: PGlite) -> None:
    db.exec("create role clerk login; create table own (n int)")
    db.exec("create database scratch_shop")
    who = "select current_database(), session_user"
    with db.connect("scratch_shop", "clerk") as shop:
        for address in (shop.dsn, shop.url):
            with psycopg.connect(address) as client:
                assert client.execute(who).fetchone() == ("scratch_shop", "clerk")
    with pytest.raises(psycopg.OperationalError, match='database "scratch_other" does not exist'):
        psycopg.connect(db.dsn, dbname="scratch_other")


def test_looking_changes_nothing(db: PGlite) -> None:
    db.exec("set work_mem = '9MB'; create temp table own (); prepare p as select 1")
    with db.transaction() as transaction:
        transaction.exec("insert into t values (2, 0)")
        with psycopg.connect(db.url) as client:
            assert client.execute("show work_mem").fetchone() == ("4MB",)
            assert client.execute("select count(*) from t").fetchone() == (1,)
    assert db.query("select count(*) from own").rows == [{"count": 0}]
    assert db.query("execute p").rows == [{"?column?": 1}]


def test_locks_are_waited_for(db: PGlite, client: psycopg.Connection) -> None:
    client.execute("update t set n = 5")
    with in_thread(lambda: db.query("update t set n = n + 1 returning n").rows) as waiting:
        with db.connect() as watcher:
            until_blocked(watcher)
        client.commit()
        assert waiting.result(DEADLINE_S) == [{"n": 6}]


def test_every_object_of_a_cluster_has_the_same_address(db: PGlite) -> None:
    with db.connect() as other:
        assert other.dsn == db.dsn == db.engine.dsn
        assert other.url == db.url == db.engine.url


def test_the_address_is_asyncios_too() -> None:
    async def main() -> None:
        db = AsyncPGlite()  # opens by being looked at
        async with await psycopg.AsyncConnection.connect(db.dsn) as client:
            await client.execute("create table u as select 7 as a")
        assert (await db.query("select a from u")).rows == [{"a": 7}]
        assert db.url.startswith("postgresql://")
        await db.close()

    asyncio.run(main())


def test_the_socket_is_private_and_goes_with_the_engine() -> None:
    before = threading.active_count()
    db = PGlite()
    assert threading.active_count() == before  # nothing is served that is not looked at
    place = directory(db)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    with psycopg.connect(db.dsn) as client:
        db.close()
        with pytest.raises(psycopg.OperationalError):
            client.execute("select 1")
        client.close()
    assert not place.exists()
    with pytest.raises(EngineClosed, match="no address"):
        _ = db.dsn


def test_a_program_that_closes_nothing_leaves_no_socket() -> None:
    program = "from pglite_native import PGlite; db = PGlite(); print(db.dsn)"
    dsn = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert not Path(str(psycopg.conninfo.conninfo_to_dict(dsn)["host"])).exists()


def test_a_forked_child_leaves_its_parents_socket_alone(db: PGlite) -> None:
    place = directory(db)
    child = os.fork()
    if child == 0:
        try:
            db.engine._private_server.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert list(place.iterdir()) != []


def test_another_database_has_its_own_address(db: PGlite) -> None:
    db.exec("create database shop")
    with db.connect("shop") as shop, psycopg.connect(shop.dsn) as client:
        assert client.execute("select current_database()").fetchone() == ("shop",)


def test_an_engine_has_an_address() -> None:
    with Engine() as engine, psycopg.connect(engine.url) as client:
        assert client.execute("select 1").fetchone() == (1,)
