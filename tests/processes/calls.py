"""Every call of the package that an interrupt may strike, each over in some milliseconds.

Whatever becomes of one, table t then has no row or the two that it has inserted.
"""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from pglite_native import AsyncPGlite, PGlite, Snapshot, dbapi, sqlalchemy
from pglite_native.server import Server
from tests import wire

LONG = "select count(*) from generate_series(1, 200000)"
LONG_COPY = "copy (select repeat('x', 100) from generate_series(1, 30000)) to stdout"
INSERT = "insert into t values (1)"
ROWS = (0, 2)
PATIENCE_S = 30


class Place:
    """A database with what calls need beside it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
        self.db = PGlite()
        self.db.exec("create table t (a int)")
        self.other = PGlite()  # for what makes a database another one
        self.snapshot = self.other.engine.snapshot()
        self.tarball = self.db.dump_data_dir(compression="none")
        PGlite(self.folder / "data").close()
        self.connection = dbapi.connect(self.db)
        self.pool = sqlalchemy.create_engine(self.db)
        self.loop = asyncio.new_event_loop()
        self.adb = AsyncPGlite()
        self.run(self.adb.exec("create table t (a int)"))
        self.run(asyncio.to_thread(int))  # begins the thread in which a cancelled call is undone
        self.other_thread = ThreadPoolExecutor(1)

    def run(self, awaitable: Awaitable[object]) -> None:
        self.loop.run_until_complete(asyncio.ensure_future(awaitable, loop=self.loop))

    def check_database(self) -> None:
        """It can be used, from other threads too, and is in no transaction."""
        self.connection.rollback()  # whose transaction its user has begun
        rows = self.other_thread.submit(self.db.query, "select a from t").result(PATIENCE_S).rows
        assert len(rows) in ROWS, f"{len(rows)} rows"
        self.db.exec("vacuum t")
        self.db.exec("truncate t")

    def check(self) -> None:
        """The same of everything."""
        self.check_database()
        self.other.exec("vacuum")
        self.connection.cursor().execute("select 1")
        self.connection.rollback()
        with self.pool.connect() as connection:
            connection.execute(sa.text("select 1"))
        self.run(self.check_async())

    async def check_async(self) -> None:
        rows = (await self.adb.query("select a from t")).rows
        assert len(rows) in ROWS, f"{len(rows)} rows, asynchronously"
        await self.adb.exec("vacuum t")
        await self.adb.exec("truncate t")

    def close(self) -> None:
        self.run(self.adb.close())
        self.loop.close()
        self.pool.dispose()
        self.connection.close()
        self.other_thread.shutdown()
        self.other.close()
        self.db.close()


Call = Callable[[Place], object]


def exec_protocol_raw(place: Place) -> None:
    place.db.engine.exec_protocol_raw(wire.query("select 1"))
    place.db.engine.exec_protocol_raw(wire.query(LONG))


def stream(place: Place) -> None:
    with place.db.engine.exec_protocol_stream(wire.query(LONG_COPY)) as parts:
        for _ in parts:
            pass
    with place.db.engine.exec_protocol_stream(wire.query(LONG_COPY)) as parts:
        next(parts)


def query(place: Place) -> None:
    place.db.query("select $1::int", [1])


def long_query(place: Place) -> None:
    place.db.query(LONG)


def execute(place: Place) -> None:
    place.db.exec(f"{INSERT}; {INSERT}")


def describe_query(place: Place) -> None:
    place.db.describe_query("select $1::int")


def transaction(place: Place) -> None:
    with place.db.transaction() as transaction:
        transaction.query(INSERT)
        transaction.query(INSERT)


def savepoint(place: Place) -> None:
    with place.db.transaction() as outer:
        outer.exec(INSERT)
        with outer.transaction() as inner:
            inner.exec(INSERT)


def rolled_back(place: Place) -> None:
    with place.db.transaction() as transaction:
        transaction.exec(INSERT)
        transaction.rollback()


def copy_in(place: Place) -> None:
    place.db.copy_from("copy t from stdin", iter([b"1\n", b"2\n"]))


def copy_out(place: Place) -> None:
    place.db.copy_to(LONG_COPY, io.BytesIO())


def listen(place: Place) -> None:
    place.db.listen("channel", lambda payload: None)()


def open_and_close(place: Place) -> None:
    with PGlite() as db:
        db.exec("select 1")


def open_a_directory(place: Place) -> None:
    with PGlite(place.folder / "data") as db:  # which would be locked if the last one were open
        db.exec("select 1")


def clone(place: Place) -> None:
    with place.db.clone() as clone:
        clone.exec("select 1")


def connect(place: Place) -> None:
    with place.db.connect() as session:
        session.exec("select 1")


def connect_as_a_user(place: Place) -> None:
    with place.db.connect(user="postgres") as session:
        session.exec("select 1")


def snapshot_and_restore(place: Place) -> None:
    place.other.exec("create temp table if not exists x (a int)")
    place.other.engine.snapshot()
    place.other.engine.restore(place.snapshot)


def save_and_load_a_snapshot(place: Place) -> None:
    place.snapshot.save(place.folder / "snapshot")
    Snapshot.load(place.folder / "snapshot")


def dump(place: Place) -> None:
    place.db.dump_data_dir(place.folder / "dump.tar")


def load(place: Place) -> None:
    with PGlite(load_data_dir=place.tarball) as db:
        db.exec("select 1")


def serve(place: Place) -> None:
    with Server(place.db.engine):
        pass


def db_api(place: Place) -> None:
    cursor = place.connection.cursor()
    cursor.execute(INSERT)
    cursor.execute(f"{INSERT} returning a")
    cursor.fetchall()
    cursor.close()
    place.connection.commit()


def db_api_connect(place: Place) -> None:
    with dbapi.connect(place.db) as connection:
        connection.cursor().execute("select 1")


def sqlalchemy_in_process(place: Place) -> None:
    # An interrupt may keep SQLAlchemy from ending its block: then it ends as it is dropped.
    with place.pool.begin() as connection:
        connection.execute(sa.text(INSERT))
        connection.execute(sa.text(INSERT))


CALLS: tuple[Call, ...] = (
    exec_protocol_raw,
    stream,
    query,
    long_query,
    execute,
    describe_query,
    transaction,
    savepoint,
    rolled_back,
    copy_in,
    copy_out,
    listen,
    open_and_close,
    open_a_directory,
    clone,
    connect,
    connect_as_a_user,
    snapshot_and_restore,
    save_and_load_a_snapshot,
    dump,
    load,
    serve,
    db_api,
    db_api_connect,
    sqlalchemy_in_process,
)


# --- asyncio, where a task is cancelled ---------------------------------------------------------

AsyncCall = Callable[[Place], Awaitable[object]]


async def async_query(place: Place) -> None:
    await place.adb.query("select $1::int", [1])
    await place.adb.query(LONG)


async def async_exec(place: Place) -> None:
    await place.adb.exec(f"{INSERT}; {INSERT}")


async def async_transaction(place: Place) -> None:
    async with place.adb.transaction() as outer:
        await outer.exec(INSERT)
        async with outer.transaction() as inner:
            await inner.exec(INSERT)


async def async_copy(place: Place) -> None:
    await place.adb.copy_from("copy t from stdin", iter([b"1\n", b"2\n"]))
    await place.adb.copy_to(LONG_COPY, io.BytesIO())


async def async_describe_and_listen(place: Place) -> None:
    await place.adb.describe_query("select $1::int")
    await (await place.adb.listen("channel", lambda payload: None))()


async def async_open_and_close(place: Place) -> None:
    async with AsyncPGlite() as db:
        await db.query("select 1")


async def async_clone_and_connect(place: Place) -> None:
    async with await place.adb.clone() as clone:
        await clone.exec("select 1")
    async with place.adb.connect() as session:
        await session.exec("select 1")


async def async_dump(place: Place) -> None:
    await place.adb.dump_data_dir(place.folder / "dump.tar")


ASYNC_CALLS: tuple[AsyncCall, ...] = (
    async_query,
    async_exec,
    async_transaction,
    async_copy,
    async_describe_and_listen,
    async_open_and_close,
    async_clone_and_connect,
    async_dump,
)
