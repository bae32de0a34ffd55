"""AsyncPGlite.connect: tasks with a session each, which wait for each other's locks only."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pglite_native import AsyncPGlite, DatabaseError, EngineClosed, Notice
from tests.waiting import DEADLINE_S

TASKS = 50
ADD = "update t set n = n + 1 where id = $1 returning n"


def run(scenario: Callable[[AsyncPGlite], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with AsyncPGlite() as db:
            await db.exec("create table t as select id, 0 as n from generate_series(1, 100) id")
            await asyncio.wait_for(scenario(db), DEADLINE_S)

    asyncio.run(main())


async def until_blocked(db: AsyncPGlite, sessions: int) -> None:
    sql = "select count(*) from pg_locks where locktype = 'transactionid' and not granted"
    sql += " union all select count(*) from pg_locks where locktype = 'tuple' and not granted"
    while True:
        rows = (await db.query(sql, row_mode="array")).rows
        if sum(count for (count,) in rows) >= sessions:
            return
        await asyncio.sleep(0.01)


def test_a_session_has_transactions_of_its_own() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async with db.connect() as other, db.transaction(), other.transaction():
            assert (await db.query(ADD, [1])).rows == [{"n": 1}]
            assert (await other.query(ADD, [2])).rows == [{"n": 1}]
            assert (await other.query("select sum(n) from t")).rows == [{"sum": 1}]

    run(scenario)


def test_a_session_opens_when_it_is_awaited_entered_or_used() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        used, awaited = db.connect(), await db.connect()
        async with db.connect() as entered, await db.connect() as both:
            pids = set()
            for session in (db, used, awaited, entered, both):
                pids.add((await session.query("select pg_backend_pid() as pid")).rows[0]["pid"])
            assert len(pids) == 5
        await used.close()
        await awaited.close()

    run(scenario)


def test_a_session_of_a_database_that_is_not_open_yet_opens_both() -> None:
    async def main() -> None:
        db = AsyncPGlite()
        async with db.connect() as other:
            await other.exec("create table t ()")
            assert (await db.query("select count(*) from t")).rows == [{"count": 0}]
        await db.close()

    asyncio.run(main())


def test_fifty_tasks_with_a_session_each() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async def work(number: int) -> None:
            async with db.connect() as session, session.transaction() as transaction:
                await transaction.query(ADD, [number])
                await transaction.query(ADD, [100])

        await asyncio.gather(*(work(number) for number in range(1, TASKS + 1)))
        assert (await db.query(ADD, [100])).rows == [{"n": TASKS + 1}]

    run(scenario)


def test_fifty_sessions_that_wait_for_a_lock_keep_no_other_waiting() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        sessions = [await db.connect() for _ in range(TASKS)]
        async with db.connect() as watcher:
            async with db.transaction():
                await db.query(ADD, [1])
                tasks = [asyncio.create_task(session.query(ADD, [1])) for session in sessions]
                await until_blocked(watcher, TASKS)
                assert (await watcher.query(ADD, [2])).rows == [{"n": 1}]
            numbers = sorted([(await task).rows[0]["n"] for task in tasks])
            assert numbers == list(range(2, TASKS + 2))
        await asyncio.gather(*(session.close() for session in sessions))

    run(scenario)


def test_a_session_closes_though_the_loops_own_threads_are_all_waiting_for_it() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        held = threading.Event()
        waiting = asyncio.create_task(asyncio.to_thread(held.wait, DEADLINE_S))
        await asyncio.sleep(0)
        await (await db.connect()).close()
        held.set()
        assert await waiting

    run(scenario)


def test_cancelling_a_task_ends_its_wait_for_a_lock() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async with db.connect() as other:
            async with db.transaction():
                await db.query(ADD, [1])
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(other.query(ADD, [1]), 0.2)
            assert (await other.query(ADD, [1])).rows == [{"n": 2}]

    run(scenario)


def test_closing_the_first_ends_what_the_others_wait_for() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        sessions = [await db.connect() for _ in range(5)]
        watcher = await db.connect()
        await db.exec("begin; update t set n = 1")
        tasks = [asyncio.create_task(session.query(ADD, [1])) for session in sessions]
        await until_blocked(watcher, len(sessions))
        await db.close()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(outcome, EngineClosed | DatabaseError)
        with pytest.raises(EngineClosed):
            await watcher.query("select 1")

    run(scenario)


def test_notifications_and_notices_come_by_the_event_loop() -> None:
    heard: list[tuple[str, threading.Thread]] = []

    def hear(payload: str) -> None:
        heard.append((payload, threading.current_thread()))

    def notice(notice: Notice) -> None:
        hear(notice.message)

    async def main() -> None:
        async with AsyncPGlite(on_notice=notice) as db, db.connect() as other:
            await other.listen("jobs", hear)
            await db.exec("notify jobs, 'told'")
            await other.exec("do $$ begin raise notice 'noticed'; end $$")
            await asyncio.sleep(0)

    asyncio.run(main())
    here = threading.current_thread()
    assert sorted(heard, key=lambda told: told[0]) == [("noticed", here), ("told", here)]
