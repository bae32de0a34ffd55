"""asyncpg: its own protocol implementation, binary throughout, prepared statements for all."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import io
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from tests.clients.cancelling import LONG, SOON_S, ended_soon
from tests.clients.compatibility import Client
from tests.clients.place import Place

CLIENT = Client("asyncpg", asyncpg.__version__)


def use(place: Place, work: Callable[[Any], Awaitable[None]]) -> None:
    """Runs `work` with a connection."""

    async def main() -> None:
        connection = await asyncpg.connect(**place.asyncpg())
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(main())


VALUES = [
    ("bool", False),
    ("int2", 7),
    ("int4", -1),
    ("int8", 2**62),
    ("float4", 1.5),
    ("float8", -0.1),
    ("numeric", decimal.Decimal("-1234.5600")),
    ("text", "ünïcödé"),
    ("bytea", b"\x00\xff"),
    ("uuid", uuid.UUID(int=42)),
    ("date", datetime.date(1999, 12, 31)),
    ("timestamp", datetime.datetime(2038, 1, 19, 3, 14, 8)),
    ("timestamptz", datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)),
    ("interval", datetime.timedelta(hours=-5)),
    ("int4[]", [1, None, 3]),
    ("jsonb", '{"a": 1}'),
    ("int4range", asyncpg.Range(1, 5)),
    ("point", asyncpg.Point(1.5, -2)),
    ("bit(3)", asyncpg.BitString("101")),
]


def test_values_round_trip(place: Place) -> None:
    async def work(connection: Any) -> None:
        for type_name, value in VALUES:
            assert await connection.fetchval(f"SELECT $1::{type_name}", value) == value

    use(place, work)


def test_composites_and_enums(place: Place) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
        await connection.execute("CREATE TYPE feeling AS (m mood, n int)")
        row = await connection.fetchval("SELECT ROW('happy', 5)::feeling")
        assert (row["m"], row["n"]) == ("happy", 5)

    use(place, work)


def test_transactions(place: Place) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int)")

        async def fail() -> None:
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES (1)")
                await connection.execute("SELECT 1/0")

        with pytest.raises(asyncpg.DivisionByZeroError):
            await fail()
        async with connection.transaction(isolation="serializable"):
            await connection.execute("INSERT INTO t VALUES (2)")
        assert await connection.fetch("SELECT a FROM t") == [(2,)]

    use(place, work)


def test_prepared_statements(place: Place) -> None:
    async def work(connection: Any) -> None:
        statement = await connection.prepare("SELECT $1::int * 2 AS n")
        assert [await statement.fetchval(number) for number in range(5)] == [0, 2, 4, 6, 8]
        assert [column.name for column in statement.get_attributes()] == ["n"]

    use(place, work)


def test_executemany(place: Place) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int, b text)")
        rows = [(n, str(n)) for n in range(1000)]
        await connection.executemany("INSERT INTO t VALUES ($1, $2)", rows)
        returned = await connection.fetchmany(
            "INSERT INTO t VALUES ($1, '') RETURNING a", [(1,), (2,)]
        )
        assert returned == [(1,), (2,)]
        assert await connection.fetchval("SELECT count(*) FROM t") == 1002

    use(place, work)


def test_server_side_cursors(place: Place) -> None:
    async def work(connection: Any) -> None:
        async with connection.transaction():
            cursor = connection.cursor("SELECT generate_series(1, 1000)", prefetch=50)
            assert [row[0] async for row in cursor] == list(range(1, 1001))

    use(place, work)


def test_large_results(place: Place) -> None:
    async def work(connection: Any) -> None:
        rows = await connection.fetch("SELECT repeat('x', 500) FROM generate_series(1, 20000)")
        assert sum(len(row[0]) for row in rows) == 10_000_000

    use(place, work)


def test_copy_both_ways(place: Place) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int, b text)")
        records = [(n, f"row {n}") for n in range(1000)]
        assert await connection.copy_records_to_table("t", records=records) == "COPY 1000"
        output = io.BytesIO()
        await connection.copy_from_table("t", output=output, format="csv")
        assert output.getvalue() == b"".join(b"%d,row %d\n" % (n, n) for n in range(1000))

    use(place, work)


def test_errors_carry_their_fields(place: Place) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int PRIMARY KEY)")
        await connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await connection.execute("INSERT INTO t VALUES (1)")
        assert caught.value.constraint_name == "t_pkey"
        assert caught.value.detail == "Key (a)=(1) already exists."

    use(place, work)


def test_notifications(place: Place) -> None:
    async def work(connection: Any) -> None:
        heard: list[str] = []
        await connection.add_listener(
            "news", lambda c, pid, channel, payload: heard.append(payload)
        )
        await connection.execute("NOTIFY news, 'one'")
        await connection.execute("NOTIFY news, 'two'")
        await connection.execute("SELECT 1")
        await asyncio.sleep(0.1)
        assert heard == ["one", "two"]

    use(place, work)


def test_cancelling(place: Place) -> None:
    async def work(connection: Any) -> None:
        with ended_soon():
            with pytest.raises(asyncio.TimeoutError):
                await connection.execute(LONG, timeout=SOON_S)
            assert await connection.fetchval("SELECT 7") == 7

    use(place, work)


def test_tables_that_change(place: Place) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t AS SELECT 1 AS a")
        assert await connection.fetch("SELECT * FROM t") == [(1,)]
        await connection.execute("ALTER TABLE t ADD b int DEFAULT 2")
        assert await connection.fetch("SELECT * FROM t") == [(1, 2)]

    use(place, work)


def test_pool(place: Place) -> None:
    async def main() -> None:
        async with asyncpg.create_pool(**place.asyncpg(), min_size=2, max_size=4) as pool:
            questions = (pool.fetchval("SELECT $1::int + 1", n) for n in range(50))
            assert await asyncio.gather(*questions) == list(range(1, 51))

    asyncio.run(main())
