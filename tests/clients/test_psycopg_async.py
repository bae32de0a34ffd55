"""psycopg 3 on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row

from tests.clients.cancelling import LONG, SOON_S, ended_soon
from tests.clients.place import Place
from tests.clients.psycopg_builds import build

Connection = psycopg.AsyncConnection[tuple[object, ...]]

CLIENT = build("psycopg 3 async")


def use(place: Place, work: Callable[[Connection], Awaitable[None]]) -> None:
    """Run `work` with a connection."""

    async def main() -> None:
        connection = await psycopg.AsyncConnection.connect(**place.libpq())
        async with connection:
            await work(connection)
            await connection.rollback()

    asyncio.run(main())


def test_parameters(place: Place) -> None:
    async def work(connection: Connection) -> None:
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("SELECT %(n)s + 1 AS n, %(t)s AS t", {"n": 41, "t": "'; --"})
            assert await cursor.fetchall() == [{"n": 42, "t": "'; --"}]

    use(place, work)


def test_prepared_statements(place: Place) -> None:
    async def work(connection: Connection) -> None:
        for number in range(10):
            cursor = await connection.execute("SELECT %s::int * 2", [number], prepare=True)
            assert await cursor.fetchone() == (number * 2,)

    use(place, work)


def test_transactions(place: Place) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int)")

        async def fail() -> None:
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES (2)")
                await connection.execute("SELECT 1/0")

        async with connection.transaction():
            await connection.execute("INSERT INTO t VALUES (1)")
            with pytest.raises(errors.DivisionByZero):
                await fail()
        cursor = await connection.execute("SELECT a FROM t")
        assert await cursor.fetchall() == [(1,)]

    use(place, work)


def test_copy_both_ways(place: Place) -> None:
    async def work(connection: Connection) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("CREATE TEMP TABLE t (a int)")
            async with cursor.copy("COPY t FROM STDIN") as copy:
                for number in range(1000):
                    await copy.write_row((number,))
            async with cursor.copy("COPY t TO STDOUT") as copy:
                assert [int(text) async for (text,) in copy.rows()] == list(range(1000))

    use(place, work)


def test_server_side_cursors(place: Place) -> None:
    async def work(connection: Connection) -> None:
        async with connection.cursor("mine") as cursor:
            await cursor.execute("SELECT generate_series(1, 1000)")
            assert [row[0] async for row in cursor] == list(range(1, 1001))

    use(place, work)


def test_large_results(place: Place) -> None:
    async def work(connection: Connection) -> None:
        wide = "SELECT repeat('x', 2000) FROM generate_series(1, 5000)"
        size = 0
        async with connection.cursor() as cursor:
            async for (text,) in cursor.stream(wide):
                size += len(str(text))
        assert size == 10_000_000

    use(place, work)


def test_executemany(place: Place) -> None:
    async def work(connection: Connection) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("CREATE TEMP TABLE t (a int)")
            await cursor.executemany("INSERT INTO t VALUES (%s)", [(n,) for n in range(1000)])
            assert cursor.rowcount == 1000

    use(place, work)


def test_pipelining(place: Place) -> None:
    async def work(connection: Connection) -> None:
        async with connection.pipeline():
            cursors = [await connection.execute("SELECT %s::int", [n]) for n in range(50)]
            assert [await cursor.fetchone() for cursor in cursors] == [(n,) for n in range(50)]

    use(place, work)


def test_notifications(place: Place) -> None:
    async def work(connection: Connection) -> None:
        await connection.set_autocommit(True)
        await connection.execute("LISTEN news")
        await connection.execute("NOTIFY news, 'payload'")
        async for notification in connection.notifies(timeout=5, stop_after=1):
            assert (notification.channel, notification.payload) == ("news", "payload")
            return
        pytest.fail("nothing heard")

    use(place, work)


def test_cancelling(place: Place) -> None:
    """A task that is cancelled has its statement cancelled."""

    async def work(connection: Connection) -> None:
        with ended_soon():
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(connection.execute(LONG), SOON_S)
            await connection.rollback()
        cursor = await connection.execute("SELECT 7")
        assert await cursor.fetchone() == (7,)

    use(place, work)


def test_many_connections_at_once(place: Place) -> None:
    async def ask(number: int) -> int:
        connection = await psycopg.AsyncConnection.connect(**place.libpq())
        async with connection:
            cursor = await connection.execute("SELECT %s::int", [number])
            row = await cursor.fetchone()
            assert row is not None
            return int(row[0])

    async def main() -> None:
        assert await asyncio.gather(*map(ask, range(20))) == list(range(20))

    asyncio.run(main())
