"""SQLAlchemy on each of its drivers for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import selectinload

from tests.clients.compatibility import Client
from tests.clients.place import Place
from tests.clients.schema import LARGE, LARGE_BYTES, VALUES, Author, Base, Book, arguments, values

Work = Callable[[AsyncEngine], Awaitable[None]]


@pytest.fixture(params=["psycopg", "asyncpg"])
def driver(request: pytest.FixtureRequest) -> str:
    driver: str = request.param
    return driver


@pytest.fixture
def client(driver: str) -> Client:
    return Client(f"SQLAlchemy async on {driver}", sa.__version__)


@pytest.fixture
def use(place: Place, driver: str) -> Callable[[Work], None]:
    """Runs a test's work with an engine, of one connection: another would find another database."""

    async def main(work: Work) -> None:
        engine = create_async_engine(**arguments(place, driver), pool_size=1, max_overflow=0)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await work(engine)
        await engine.dispose()

    return lambda work: asyncio.run(main(work))


def test_values_round_trip(use: Callable[[Work], None]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.execute(values.insert(), VALUES)
            assert (await connection.execute(values.select())).one()._asdict() == VALUES

    use(work)


def test_object_relational_mapping(use: Callable[[Work], None]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with AsyncSession(engine) as session:
            session.add(Author(name="Ada", books=[Book(title="One"), Book(title="Two")]))
            await session.commit()
        async with AsyncSession(engine) as session:
            authors = await session.scalars(sa.select(Author).options(selectinload(Author.books)))
            assert [book.title for book in authors.one().books] == ["One", "Two"]

    use(work)


def test_transactions(use: Callable[[Work], None]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            async with connection.begin():
                await connection.execute(sa.insert(Author), {"name": "kept"})
                async with connection.begin_nested() as savepoint:
                    await connection.execute(sa.insert(Author), {"name": "gone"})
                    await savepoint.rollback()
            assert (await connection.scalars(sa.select(Author.name))).all() == ["kept"]

    use(work)


def test_errors(use: Callable[[Work], None]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            await connection.execute(sa.insert(Author), {"name": "one"})
            with pytest.raises(sa.exc.IntegrityError, match="author_name_key"):
                await connection.execute(sa.insert(Author), {"name": "one"})
            await connection.rollback()
            assert await connection.scalar(sa.text("SELECT 1")) == 1

    use(work)


def test_executemany(use: Callable[[Work], None]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.execute(sa.insert(Author), [{"name": str(n)} for n in range(1000)])
            count = sa.select(sa.func.count()).select_from(Author)
            assert await connection.scalar(count) == 1000

    use(work)


def test_large_results_by_server_side_cursors(use: Callable[[Work], None]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            rows = await connection.stream(LARGE, execution_options={"yield_per": 100})
            assert sum([len(text) async for (text,) in rows]) == LARGE_BYTES

    use(work)
