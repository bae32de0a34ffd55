"""Changes and live queries, in a thread and in a task."""

from __future__ import annotations

import asyncio
from typing import Any

from pglite_native import (
    UNCHANGED,
    AsyncChanges,
    AsyncLiveChanges,
    AsyncLiveIncrementalQuery,
    AsyncLiveQuery,
    AsyncPGlite,
    Change,
    Changes,
    CommittedTransaction,
    LiveChange,
    LiveChanges,
    LiveIncrementalQuery,
    LiveQuery,
    PGlite,
    Results,
    WindowResults,
)

LOGICAL = {"wal_level": "logical"}
SQL = "select * from page order by id"


def touched(change: Change) -> dict[str, Any]:
    return {name: value for name, value in (change.new or {}).items() if value is not UNCHANGED}


def in_a_thread() -> None:
    heard: list[Results[dict[str, Any]]] = []
    with PGlite(settings=LOGICAL) as db:
        db.exec("create table page (id int primary key, text text)")
        changes: Changes = db.changes(tables=["page"], timeout=0)
        live: LiveQuery = db.live_query(SQL, [], heard.append, offset=0, limit=5)
        rows: LiveIncrementalQuery = db.live_incremental_query(SQL, None, "id")
        steps: LiveChanges = db.live_changes(SQL, None, "id", on_error=print)
        with changes, live, rows, steps:
            db.exec("insert into page values (1, 'one')")
            transactions: list[CommittedTransaction] = list(changes.transactions())
            assert [touched(change) for done in transactions for change in done.changes] == [
                {"id": 1, "text": "one"}
            ]
            results = live.wait()
            assert isinstance(results, WindowResults) and results.total_count == 1
            assert rows.wait(timeout=10) is rows.results
            news: list[LiveChange] | None = steps.wait()
            assert news == [LiveChange("insert", 1, {"id": 1, "text": "one"})]
    assert len(heard) == 2


async def in_a_task() -> None:
    async with AsyncPGlite(settings=LOGICAL) as db:
        await db.exec("create table page (id int primary key, text text)")
        changes: AsyncChanges = db.changes(timeout=0)
        live: AsyncLiveQuery = await db.live_query(SQL, callback=print)
        rows: AsyncLiveIncrementalQuery = await db.live_incremental_query(SQL, None, "id")
        steps: AsyncLiveChanges = await db.live_changes(SQL, None, "id")
        async with changes, live, rows, steps:
            await db.exec("insert into page values (1, 'one')")
            assert [change.operation async for change in changes] == ["insert"]
            assert (await live.wait()).rows == (await rows.wait()).rows
            assert [step.key for step in await steps.wait()] == [1]


in_a_thread()
asyncio.run(in_a_task())
