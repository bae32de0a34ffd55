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


def use(host: str, work: Callable[[Any], Awaitable[None]]) -> None:
    """Runs `work` with a connection."""

    async def main() -> None:
        connection = await asyncpg.connect(host=host, user="postgres", database="postgres")
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


@pytest.mark.parametrize(("type_name", "value"), VALUES, ids=[name for name, _ in VALUES])
def test_value_round_trips(host: str, type_name: str, value: object) -> None:
    async def work(connection: Any) -> None:
        assert await connection.fetchval(f"SELECT $1::{type_name}", value) == value

    use(host, work)


def test_composite_and_enum_are_introspected(host: str) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
        await connection.execute("CREATE TYPE feeling AS (m mood, n int)")
        row = await connection.fetchval("SELECT ROW('happy', 5)::feeling")
        assert (row["m"], row["n"]) == ("happy", 5)

    use(host, work)


def test_transactions(host: str) -> None:
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

    use(host, work)


def test_cursor_and_executemany(host: str) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int, b text)")
        await connection.executemany(
            "INSERT INTO t VALUES ($1, $2)", [(n, "x") for n in range(500)]
        )
        async with connection.transaction():
            cursor = connection.cursor("SELECT a FROM t ORDER BY a", prefetch=50)
            assert [row["a"] async for row in cursor] == list(range(500))

    use(host, work)


def test_copy_both_ways(host: str) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int, b text)")
        records = [(n, f"row {n}") for n in range(1000)]
        assert await connection.copy_records_to_table("t", records=records) == "COPY 1000"
        output = io.BytesIO()
        await connection.copy_from_table("t", output=output, format="csv")
        assert output.getvalue() == b"".join(b"%d,row %d\n" % (n, n) for n in range(1000))

    use(host, work)


def test_errors_carry_their_fields(host: str) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t (a int PRIMARY KEY)")
        await connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await connection.execute("INSERT INTO t VALUES (1)")
        assert caught.value.constraint_name == "t_pkey"
        assert caught.value.detail == "Key (a)=(1) already exists."

    use(host, work)


def test_listeners(host: str) -> None:
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

    use(host, work)


def test_timeout_cancels(host: str) -> None:
    async def work(connection: Any) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await connection.execute("SELECT pg_sleep(60)", timeout=0.3)
        assert await connection.fetchval("SELECT 7") == 7

    use(host, work)


def test_statement_cache_meets_changed_table(host: str) -> None:
    async def work(connection: Any) -> None:
        await connection.execute("CREATE TEMP TABLE t AS SELECT 1 AS a")
        assert await connection.fetch("SELECT * FROM t") == [(1,)]
        await connection.execute("ALTER TABLE t ADD b int DEFAULT 2")
        assert await connection.fetch("SELECT * FROM t") == [(1, 2)]

    use(host, work)
