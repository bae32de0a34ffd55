"""DB-API and SQLAlchemy in process, beside psycopg and SQLAlchemy on a native server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine as create_native_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench import progress
from bench.figures import Group
from pglite_native import PGlite, dbapi
from pglite_native.sqlalchemy import create_async_engine, create_engine
from tests.oracle.native import NativeServer

BOOKS = 1000
MANY = 100
REQUESTS = 50
"""Of a kind at a time: some milliseconds, so that what disturbs the machine disturbs all."""

RATIO = 1.5

METHOD = (
    "A round makes all requests of a kind in process, then the same on native PostgreSQL 18 by "
    "psycopg on a Unix socket, kind after kind; one client each. Each request is a transaction of "
    "its own, with a connection from the pool. "
)
ELAPSED = "Of elapsed time, as a client sees it: waiting for the server to be woken is in it."
CPU = (
    "Of CPU time, so that a busy machine counts for little: of this process, and for native that "
    "of the server's backends, too. No waiting is in it."
)
RATIOS = "In process / native, of the same round."

Request = Callable[[], object]


class Base(DeclarativeBase):
    pass


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int]


class Draft(Base):
    """What is written to, so that what is read stays as it is."""

    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int]


BY_KEY = "select id, title, pages from book where id = %s"
INSERT = "insert into draft (title, pages) values (%s, %s)"


def run(rounds: int) -> Iterable[Group]:
    title = "DB-API and SQLAlchemy"
    rates = [
        Group(f"{title}: elapsed", METHOD + ELAPSED),
        Group(f"{title}: CPU", METHOD + CPU),
    ]
    ratios = [
        Group(f"{title}: elapsed, in process / native", RATIOS),
        Group(f"{title}: CPU, in process / native", RATIOS),
    ]
    runner = asyncio.new_event_loop()
    with PGlite() as db, NativeServer() as server:
        url = f"postgresql+psycopg://postgres@/postgres?host={server.directory}"
        engines = (create_engine(db), sqlalchemy.create_engine(url))
        asynchronous = (create_async_engine(db), create_native_async_engine(url))
        for engine in engines:
            Base.metadata.create_all(engine)
            with Session(engine) as session:
                for model in (Book, Draft):
                    session.add_all(model(title=f"title {n}", pages=n) for n in range(BOOKS))
                session.commit()
                session.execute(sqlalchemy.text("analyze"))
                session.commit()
        ours, theirs = (
            {
                **_by_dbapi(connection),
                **_by_sqlalchemy(engine),
                **_by_asyncio(runner.run_until_complete, async_engine),
            }
            for connection, engine, async_engine in zip(
                (dbapi.connect(db), psycopg.connect(f"host={server.directory} user=postgres")),
                engines,
                asynchronous,
                strict=True,
            )
        )
        monitor = psycopg.connect(f"host={server.directory} user=postgres", autocommit=True)
        for kind in ours:
            for group in rates:
                group.figure(f"{kind}: in process", "requests/s")
                group.figure(f"{kind}: native", "requests/s")
            target = RATIO if kind.startswith(("Core", "ORM")) else None
            ratios[0].figure(kind, "times", target=target, at_least=True)
            ratios[1].figure(kind, "times")
        for number in progress.rounds("drivers", rounds + 1):
            for kind, request in ours.items():
                measured = _rates(request, []), _rates(theirs[kind], backends(monitor))
                if not number:  # statements are prepared and compiled
                    continue
                for rate, ratio, our_rate, their_rate in zip(rates, ratios, *measured, strict=True):
                    rate.add_samples(
                        {f"{kind}: in process": our_rate, f"{kind}: native": their_rate}
                    )
                    ratio.add_samples({kind: our_rate / their_rate})
        for engine, async_engine in zip(engines, asynchronous, strict=True):
            engine.dispose()
            runner.run_until_complete(async_engine.dispose())
        monitor.close()
    runner.close()
    return *ratios, *rates


def _by_dbapi(connection: Any) -> dict[str, Request]:
    cursor = connection.cursor()
    rows = [(f"title {n}", n) for n in range(MANY)]

    def read() -> None:
        cursor.execute(BY_KEY, (5,))
        cursor.fetchall()
        connection.rollback()

    def write() -> None:
        cursor.executemany(INSERT, rows)
        connection.rollback()

    return {
        "DB-API: a row by its key": read,
        f"DB-API: executemany, {MANY} rows": write,
    }


def _by_sqlalchemy(engine: sqlalchemy.Engine) -> dict[str, Request]:
    table = Book.__table__
    by_key = select(table).where(Book.id == sqlalchemy.bindparam("key"))
    update = sqlalchemy.update(Draft).where(Draft.id == sqlalchemy.bindparam("key"))
    update = update.values(pages=Draft.pages + 1)

    def core_read() -> None:
        with engine.connect() as connection:
            connection.execute(by_key, {"key": 5}).all()

    def core_write() -> None:
        with engine.begin() as connection:
            connection.execute(update, {"key": 5})

    def orm_read() -> None:
        with Session(engine) as session:
            session.scalars(select(Book).where(Book.id == 5)).one()

    def orm_many() -> None:
        with Session(engine) as session:
            session.scalars(select(Book).where(Book.id <= MANY)).all()

    def orm_write() -> None:
        with Session(engine) as session:
            session.add(Draft(title="title", pages=1))
            session.commit()

    return {
        "Core: a row by its key": core_read,
        "Core: an update": core_write,
        "ORM: an object by its key": orm_read,
        f"ORM: {MANY} objects": orm_many,
        "ORM: a new object": orm_write,
    }


def _by_asyncio(
    run: Callable[[Coroutine[Any, Any, None]], None], engine: AsyncEngine
) -> dict[str, Request]:
    by_key = select(Book.__table__).where(Book.id == sqlalchemy.bindparam("key"))

    async def read() -> None:
        for _ in range(REQUESTS):
            async with engine.connect() as connection:
                (await connection.execute(by_key, {"key": 5})).all()

    return {"asyncio, Core: a row by its key": partial(_run_at_once, run, read)}


def _run_at_once(
    run: Callable[[Coroutine[Any, Any, None]], None], requests: Callable[[], Any]
) -> int:
    run(requests())
    return REQUESTS


def backends(monitor: psycopg.Connection[Any]) -> list[int]:
    """Return the processes of a server's other connections."""
    return [
        pid
        for (pid,) in monitor.execute(
            "select pid from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
    ]


def _rates(request: Request, servers: list[int]) -> tuple[float, float]:
    """Return how many requests there are in a second of elapsed time, and in one of CPU time.

    A request may say that it was many.
    """
    started_ns, cpu_ns = time.perf_counter_ns(), _cpu_ns(servers)
    first = request()
    count = first if isinstance(first, int) else 1
    while count < REQUESTS:
        request()
        count += 1
    elapsed_ns = time.perf_counter_ns() - started_ns
    return count / elapsed_ns * 1e9, count / (_cpu_ns(servers) - cpu_ns) * 1e9


def _cpu_ns(servers: list[int]) -> int:
    """Return what this process has used, all its threads, and some others."""
    return time.process_time_ns() + sum(
        int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in servers
    )
