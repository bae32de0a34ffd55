"""SQLAlchemy by asyncio on a database in this process."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.ext.asyncio import create_async_engine as create_engine_by_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pglite_native import AsyncPGlite, PGlite
from pglite_native.sqlalchemy import create_async_engine


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


Work = Callable[[AsyncEngine, AsyncPGlite], Awaitable[None]]


def run(work: Work, **options: object) -> None:
    async def main() -> None:
        async with AsyncPGlite() as db:
            engine = create_async_engine(db, **options)
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            await work(engine, db)
            await engine.dispose()

    asyncio.run(main())


def test_objects_are_kept_and_found() -> None:
    async def work(engine: AsyncEngine, db: AsyncPGlite) -> None:
        async with AsyncSession(engine) as session:
            session.add_all([Author(name=name) for name in ("Austen", "Eliot")])
            await session.commit()
            found = (await session.scalars(select(Author).order_by(Author.id))).all()
            assert [author.name for author in found] == ["Austen", "Eliot"]
            session.add(Author(name="Austen"))
            with pytest.raises(sqlalchemy.exc.IntegrityError):
                await session.flush()
        assert (await db.query("select count(*) from author")).scalar() == 2

    run(work)


def test_rows_are_streamed() -> None:
    async def work(engine: AsyncEngine, db: AsyncPGlite) -> None:
        async with engine.connect() as connection:
            rows = await connection.stream(text("select generate_series(1, 3000)"))
            assert sum([row[0] async for row in rows]) == 3000 * 3001 // 2

    run(work)


def test_tasks_have_transactions_of_their_own() -> None:
    async def work(engine: AsyncEngine, db: AsyncPGlite) -> None:
        await db.exec("create table counter as select 0 as n")

        async def add() -> None:
            async with engine.begin() as connection:
                n = await connection.scalar(text("select n from counter for update"))
                await connection.execute(text("update counter set n = :n"), {"n": n + 1})

        await asyncio.gather(*(add() for _ in range(20)))
        assert (await db.query("select n from counter")).scalar() == 20

    run(work, pool_size=4, max_overflow=0)


def test_a_task_that_is_cancelled_cancels_its_statement() -> None:
    async def work(engine: AsyncEngine, db: AsyncPGlite) -> None:
        await db.exec("create table t ()")
        await db.exec("begin; lock t")
        async with engine.connect() as connection:
            waiting = asyncio.create_task(connection.execute(text("select from t")))
            blocked = "select count(*) from pg_locks where not granted"
            while not (await db.query(blocked)).scalar():
                assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await db.exec("rollback")
        async with engine.connect() as connection:
            assert await connection.scalar(select(func.count()).select_from(Author)) == 0

    run(work, pool_size=1, max_overflow=0)


def test_a_connection_that_is_dropped_is_ended() -> None:
    async def work(engine: AsyncEngine, db: AsyncPGlite) -> None:
        connected = "select count(*) from pg_stat_activity where backend_type = 'client backend'"
        before = (await db.query(connected)).scalar()
        connection = await engine.connect()
        await connection.execute(text("select 1"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)  # which it deserves
            del connection
            gc.collect()
        assert (await db.query(connected)).scalar() == before - 1  # the pool's one

    run(work)


def test_a_url_or_a_database_names_it(tmp_path: Path) -> None:
    async def main() -> None:
        with PGlite() as db:
            for engine in (
                create_engine_by_url(f"postgresql+pglite:///{tmp_path}/data"),
                create_async_engine(),
                create_async_engine(db),
            ):
                async with engine.connect() as connection:
                    assert await connection.scalar(text("select 1")) == 1
                await engine.dispose()
            assert (tmp_path / "data" / "PG_VERSION").exists()

    asyncio.run(main())


def test_a_closed_database_is_a_disconnect() -> None:
    async def main() -> None:
        db = PGlite()
        engine = create_async_engine(db)
        async with engine.connect() as connection:
            db.close()
            with pytest.raises(sqlalchemy.exc.OperationalError) as caught:
                await connection.execute(text("select 1"))
            assert caught.value.connection_invalidated
        await engine.dispose()
        with pytest.raises(sqlalchemy.exc.OperationalError, match="closed"):
            await engine.connect()

    asyncio.run(main())
