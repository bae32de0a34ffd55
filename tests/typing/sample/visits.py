"""Visits, counted asynchronously: AsyncPGlite."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

from pglite_native import AsyncPGlite, AsyncTransaction, EngineClosed, Results


async def count(transaction: AsyncTransaction, page: str) -> int:
    await transaction.query("insert into visit values ($1)", [page])
    result: Results[tuple[Any, ...]] = await transaction.query(
        "select count(*) from visit", row_mode="array"
    )
    counted: int = result.rows[0][0]
    return counted


async def main() -> None:
    async with AsyncPGlite(seed=1, tier="auto") as db:
        await db.exec("create table visit (page text)")
        async with db.transaction() as transaction:
            assert await count(transaction, "/") == 1
            if transaction.closed:
                await transaction.rollback()
        copied: int = await db.copy_from("copy visit from stdin", b"/about\n")
        sunk: int = await db.copy_to("copy visit to stdout", io.BytesIO())
        content: bytes = await db.copy_to("copy visit to stdout")
        assert (copied, sunk, content) == (1, 2, b"/\n/about\n")
        stop = await db.listen("visits", print)
        off: Callable[[], None] = await db.on_notification(lambda channel, payload: None)
        await stop()
        off()
        await db.unlisten("visits")
        await db.refresh_array_types()
        types: list[int] = (await db.describe_query("select $1::int")).query_params
        assert types == [23]
        tarball: bytes = await db.dump_data_dir()
        dump: str = await db.dump_sql()
        assert "COPY" in dump
        async with await db.clone() as clone:
            await clone.dump_data_dir(io.BytesIO())
    loaded = AsyncPGlite(load_data_dir=tarball)
    await loaded.wait_ready()
    await loaded.close()
    try:
        await loaded.query("select 1")
    except EngineClosed:
        assert loaded.closed


if __name__ == "__main__":
    asyncio.run(main())
