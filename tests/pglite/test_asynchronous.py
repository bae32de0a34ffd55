"""AsyncPGlite: the event loop runs, tasks wait for each other, and cancelling cancels."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import pglite_native
from pglite_native import (
    AsyncPGlite,
    AsyncTransaction,
    DatabaseError,
    EngineClosed,
    Interval,
    Notice,
    TransactionError,
)

Scenario = Callable[[AsyncPGlite], Coroutine[Any, Any, None]]

SLEEP = "select pg_sleep(600)"
DEADLINE = 20.0


def run(scenario: Scenario) -> None:
    """Run it with a database; asyncio must have nothing to complain of."""
    complaints: list[dict[str, Any]] = []

    async def main() -> None:
        handler = asyncio.get_running_loop().set_exception_handler
        handler(lambda _, complaint: complaints.append(complaint))
        async with AsyncPGlite() as db:
            await db.exec("create table t (a int primary key)")
            await asyncio.wait_for(scenario(db), DEADLINE)
        gc.collect()  # what was never looked at is complained of now

    asyncio.run(main())
    assert complaints == []


async def insert(queries: AsyncPGlite | AsyncTransaction, number: int) -> None:
    await queries.query("insert into t values ($1)", [number])


async def kept(db: AsyncPGlite) -> list[int]:
    rows = (await db.query("select a from t order by a", row_mode="array")).rows
    return [a for (a,) in rows]


def test_calls_are_those_of_pglite() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        assert (await db.query("select $1::int + 1 as a", [41])).rows == [{"a": 42}]
        assert (await db.query("select 1 as a", row_mode="array")).rows == [(1,)]
        assert [r.rows for r in await db.exec("select 1 as a; select 2 as b")] == [
            [{"a": 1}],
            [{"b": 2}],
        ]
        assert (await db.describe_query("select $1::int")).query_params == [23]
        with pytest.raises(DatabaseError, match="22012"):
            await db.query("select 1 / 0")
        await db.refresh_array_types()
        month = await db.query("select '1 month'::interval as i", parsers={1186: str.title})
        assert month.rows == [{"i": "1 Mon"}]
        assert (await db.query("select $1::interval as i", [Interval(1)])).rows == [
            {"i": Interval(1)}
        ]

    run(scenario)


def test_the_event_loop_goes_on() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        await db.query("select pg_sleep(0.5)")
        ticking.cancel()
        assert ticks > 10

    run(scenario)


def test_tasks_share_a_session() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        await asyncio.gather(*(insert(db, number) for number in range(50)))
        assert await kept(db) == list(range(50))

    run(scenario)


def test_cancelling_a_task_cancels_its_statement() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(db.query(SLEEP), 0.2)
        assert await kept(db) == []

    run(scenario)


def test_a_task_cancelled_at_once_or_while_it_waits() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        running = asyncio.create_task(db.query(SLEEP))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(insert(db, 1))
        await asyncio.sleep(0)
        for task in (waiting, running):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        for delay in range(20):
            task = asyncio.create_task(db.query(SLEEP))
            await asyncio.sleep(delay * 0.0001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await kept(db) == []

    run(scenario)


def test_transactions() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async with db.transaction() as transaction:
            await insert(transaction, 1)
            with pytest.raises(LookupError):
                async with transaction.transaction() as inner:
                    await insert(inner, 2)
                    raise LookupError
            async with transaction.transaction() as inner:
                await insert(inner, 3)
            await asyncio.gather(insert(transaction, 4), insert(transaction, 5))
            await insert(db, 6)  # of the same task: within
            assert not transaction.closed
        assert transaction.closed
        with pytest.raises(DatabaseError, match="23505"):
            async with db.transaction() as transaction:
                await insert(transaction, 7)
                await insert(transaction, 7)
        async with db.transaction() as transaction:
            await insert(transaction, 8)
            await transaction.rollback()
            with pytest.raises(TransactionError, match="has ended"):
                await insert(transaction, 9)
        assert await kept(db) == [1, 3, 4, 5, 6]

    run(scenario)


def test_other_tasks_wait_for_a_transaction() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        begun = asyncio.Event()
        reader = asyncio.create_task(after(begun, kept(db)))
        other = asyncio.create_task(after(begun, in_a_transaction(db, 3)))
        async with db.transaction() as transaction:
            await insert(transaction, 1)
            begun.set()
            await asyncio.sleep(0.1)
            await insert(transaction, 2)
            assert not reader.done()
        assert await reader == [1, 2]
        await other
        assert await kept(db) == [1, 2, 3]

    async def after(event: asyncio.Event, work: Coroutine[Any, Any, Any]) -> Any:
        await event.wait()
        return await work

    async def in_a_transaction(db: AsyncPGlite, number: int) -> None:
        async with db.transaction() as transaction:
            await insert(transaction, number)

    run(scenario)


def test_tasks_of_a_transaction_are_told_to_use_it() -> None:
    """They would wait for its end, and it for theirs."""

    async def scenario(db: AsyncPGlite) -> None:
        async def after(event: asyncio.Event) -> None:
            await event.wait()
            await insert(db, 6)

        async with db.connect() as another:
            async with db.transaction() as transaction:
                refused: list[BaseException | None] = list(
                    await asyncio.gather(
                        insert(db, 1), in_a_transaction(db), return_exceptions=True
                    )
                )
                async with transaction.transaction() as inner:
                    refused += await asyncio.gather(insert(transaction, 2), return_exceptions=True)
                    await asyncio.gather(insert(inner, 3), insert(inner, 4))
                await asyncio.gather(insert(transaction, 5), kept(another))
                late = asyncio.Event()
                task = asyncio.create_task(after(late))
        late.set()
        await task
        await asyncio.gather(insert(db, 7), insert(db, 8))
        assert [type(error) for error in refused] == [TransactionError] * 3
        assert "query the transaction" in str(refused[0])
        assert await kept(db) == [3, 4, 5, 6, 7, 8]

    async def in_a_transaction(db: AsyncPGlite) -> None:
        async with db.transaction():
            raise AssertionError

    run(scenario)


def test_a_cancelled_transaction_is_rolled_back() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async def long() -> None:
            async with db.transaction() as transaction:
                await insert(transaction, 1)
                await transaction.query(SLEEP)

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(long(), 0.3)
        await insert(db, 2)
        assert await kept(db) == [2]

    run(scenario)


def test_a_transaction_cancelled_at_any_moment_leaves_none_open() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async def short() -> None:
            async with db.transaction() as transaction:
                await insert(transaction, 1)
                await transaction.rollback()

        for step in range(40):
            task = asyncio.create_task(short())
            await asyncio.sleep(step * 0.0001)
            task.cancel()
            await asyncio.wait([task])
            async with db.transaction() as transaction:  # not a savepoint in the other's
                await transaction.query("set transaction isolation level serializable")
        assert await kept(db) == []

    run(scenario)


def test_callbacks_run_in_the_event_loop() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        heard: list[tuple[str, threading.Thread]] = []

        def hear(payload: str) -> None:
            heard.append((payload, threading.current_thread()))

        stop = await db.listen("a", hear)
        off = await db.on_notification(lambda channel, payload: hear(channel + payload))
        await db.exec("notify a, '1'")
        await stop()
        await db.exec("notify a, '2'")
        await asyncio.sleep(0)
        here = threading.current_thread()
        assert heard == [("1", here), ("a1", here)]
        off()
        assert (await db.query("select pg_listening_channels()")).rows == []

    run(scenario)


def test_notices_come_by_the_event_loop() -> None:
    heard: list[tuple[str, threading.Thread]] = []

    def hear(notice: Notice) -> None:
        heard.append((notice.message, threading.current_thread()))

    async def main() -> None:
        db = AsyncPGlite(on_notice=hear)  # opens with the first call
        await db.exec("do $$ begin raise notice 'n'; end $$")
        await asyncio.sleep(0)
        await db.close()

    asyncio.run(main())
    assert heard == [("n", threading.current_thread())]


def test_a_clone_can_be_opened_by_its_block() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        await insert(db, 1)
        async with db.clone() as clone:
            assert await kept(clone) == [1]
        assert clone.closed
        task = asyncio.create_task(db.clone())
        async with await task as clone:
            assert await kept(clone) == [1]
        with pytest.raises(RuntimeError, match="cannot reuse"):
            await (opening := db.clone())
            await opening

    run(scenario)


def test_a_clone_goes_its_own_way() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        await insert(db, 1)
        async with await db.clone() as clone:
            await insert(clone, 2)
            assert await kept(clone) == [1, 2]
        assert await kept(db) == [1]

    run(scenario)


def test_closing_cancels_what_runs_and_refuses_what_waits() -> None:
    async def scenario(db: AsyncPGlite) -> None:
        running = asyncio.create_task(db.query(SLEEP))
        waiting = asyncio.create_task(kept(db))
        await asyncio.sleep(0.2)
        await db.close()
        await db.close()
        assert db.closed
        with pytest.raises((EngineClosed, DatabaseError)):
            await running
        with pytest.raises(EngineClosed):
            await waiting
        with pytest.raises(EngineClosed):
            await db.query("select 1")

    run(scenario)


def test_notices_of_one_query_are_told_in_the_event_loop() -> None:
    async def main() -> None:
        heard: list[tuple[str, threading.Thread]] = []

        def hear(notice: pglite_native.Notice) -> None:
            heard.append((notice.message, threading.current_thread()))

        async with AsyncPGlite() as db:
            await db.query("do $$ begin raise notice 'a'; end $$", on_notice=hear)
            results = await db.exec(
                "do $$ begin raise notice 'b'; end $$; select 1", row_mode="array", on_notice=hear
            )
            assert results[1].rows == [(1,)]
            await asyncio.sleep(0)
        assert heard == [("a", threading.current_thread()), ("b", threading.current_thread())]

    asyncio.run(main())


def test_a_database_that_was_never_used_closes() -> None:
    async def main() -> None:
        db = AsyncPGlite()
        await db.close()
        with pytest.raises(EngineClosed):
            await db.wait_ready()

    before = threading.active_count()
    asyncio.run(main())
    assert threading.active_count() <= before


def test_an_error_of_opening_is_the_first_call_s(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "file").touch()
        with pytest.raises(pglite_native.EngineError):
            async with AsyncPGlite(tmp_path / "file"):
                pass

    asyncio.run(main())


def test_the_thread_ends_with_the_database() -> None:
    def workers() -> int:
        return sum(thread.name.startswith("pglite") for thread in threading.enumerate())

    before = workers()
    run(lambda db: insert(db, 1))
    deadline = time.monotonic() + DEADLINE
    while workers() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers() == before


def test_the_package_has_all_names_it_promises_and_no_others() -> None:
    for name in pglite_native.__all__:
        value = getattr(pglite_native, name)
        assert getattr(value, "__name__", repr(value)) == name  # of a constant the latter
    with pytest.raises(AttributeError, match="no attribute 'AsyncEngine'"):
        _ = pglite_native.AsyncEngine
