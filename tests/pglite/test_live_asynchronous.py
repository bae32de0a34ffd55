"""Live queries of AsyncPGlite: results arrive in the event loop by themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from pglite_native import (
    AsyncPGlite,
    DatabaseError,
    EngineClosed,
    LiveChange,
    TransactionError,
    WindowResults,
)
from tests.waiting import DEADLINE_S

Scenario = Callable[[AsyncPGlite], Coroutine[Any, Any, None]]
COUNT = "select count(*) as n from t"
LEFT = """
select tgname from pg_trigger where starts_with(tgname, 'pglite') union all
select usename from pg_stat_activity where backend_type = 'client backend' offset 1"""


def play(scenario: Scenario) -> None:
    async def main() -> None:
        async with AsyncPGlite() as db:
            await db.exec("create table t (id int primary key)")
            await asyncio.wait_for(scenario(db), DEADLINE_S)
            while (await db.query(LEFT)).rows:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 2 * DEADLINE_S))


def test_live_queries_can_be_opened_by_their_block() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        table = "select id from t"
        async with (
            db.live_query(COUNT) as live,
            db.live_incremental_query(table, None, "id") as incremental,
            db.live_changes(table, None, "id") as changes,
        ):
            assert live.results.rows == [{"n": 0}]
            assert (incremental.results.rows, changes.initial_changes) == ([], [])
        assert live.closed and incremental.closed and changes.closed
        with pytest.raises(DatabaseError):
            async with db.live_query("select nope"):
                raise AssertionError("it has opened")

    play(scenario)


def test_callbacks_are_called_by_the_event_loop() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        heard: list[int] = []
        threads = set()
        arrived = asyncio.Event()

        def callback(results: Any) -> None:
            threads.add(threading.current_thread())
            heard.append(results.rows[0]["n"])
            arrived.set()

        async with await db.live_query(COUNT, callback=callback) as live:
            assert live.initial_results.rows == [{"n": 0}]
            async with db.connect() as other:
                await other.exec("insert into t values (1)")
            while len(heard) < 2:
                arrived.clear()
                await arrived.wait()
            assert heard == [0, 1]
            assert threads == {threading.current_thread()}
            await live.unsubscribe(callback)
            assert live.closed

    play(scenario)


def test_results_are_iterated_over() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        found = []
        async with await db.live_query(COUNT) as live:
            async for results in live:
                found.append(results.rows[0]["n"])
                if len(found) == 3:
                    await live.unsubscribe()
                else:
                    await db.query("insert into t values ($1)", [len(found)])
        assert found == [0, 1, 2]
        with pytest.raises(EngineClosed):
            await live.refresh()
        with pytest.raises(EngineClosed):
            live.subscribe(print)

    play(scenario)


def test_windows_rows_and_changes() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        await db.exec("insert into t values (1), (2), (3)")
        sql = "select * from t order by id"
        async with await db.live_query(sql, offset=0, limit=1) as window:
            await window.refresh(offset=1)
            assert isinstance(window.results, WindowResults)
            assert (window.results.rows, window.results.total_count) == ([{"id": 2}], 3)
        async with (
            await db.live_incremental_query(sql, None, "id") as rows,
            await db.live_changes(sql, None, "id") as changes,
        ):
            assert [change.key for change in changes.initial_changes] == [1, 2, 3]
            assert [field.name for field in changes.fields] == ["id"]
            await db.exec("delete from t where id = 3")
            assert await changes.wait() == [LiveChange("delete", 3, {})]
            assert (await rows.wait()).rows == rows.results.rows == [{"id": 1}, {"id": 2}]
            assert rows.results.rows[0] is rows.initial_results.rows[0]

    play(scenario)


def test_a_task_that_waits_can_be_cancelled() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async with await db.live_query(COUNT) as live:
            for _ in range(3):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(live.wait(), 0.02)
            await db.exec("insert into t values (1)")
            assert (await live.wait()).rows == [{"n": 1}]

    play(scenario)


def test_errors_are_told() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        errors: list[Exception] = []
        sql = "select 1 / id as n from t"
        async with await db.live_query(sql, on_error=errors.append) as live:
            await db.exec("insert into t values (0)")
            with pytest.raises(DatabaseError):
                await live.wait()
            await asyncio.sleep(0)
            assert len(errors) == 1
        with pytest.raises(DatabaseError):
            await db.live_query("select * from nowhere")
        async with db.transaction():
            with pytest.raises(TransactionError):
                await db.live_query(COUNT)

    play(scenario)


def test_one_that_is_cancelled_as_it_begins_leaves_nothing() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async with db.connect() as other, other.transaction() as transaction:
            await transaction.exec("insert into t values (1)")  # which it waits for
            for _ in range(2):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(db.live_query(COUNT), 0.2)
        for delay in (0, 0.005, 0.02, 0.05, 0.1):
            making = asyncio.create_task(db.live_query(COUNT))
            await asyncio.sleep(delay)
            if not making.cancel():
                await making.result().unsubscribe()
            else:
                with pytest.raises(asyncio.CancelledError):
                    await making

    play(scenario)


def test_closing_the_database_ends_it() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        other = await db.connect()
        live = await other.live_query(COUNT)
        waiting = asyncio.create_task(live.wait())
        await asyncio.sleep(0)
        await other.close()
        with pytest.raises(EngineClosed):
            await waiting
        await live.unsubscribe()

    play(scenario)
