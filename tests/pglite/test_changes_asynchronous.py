"""AsyncPGlite.changes: changes come to a task, which may be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from pglite_native import (
    AsyncPGlite,
    Engine,
    EngineClosed,
    PGlite,
    Snapshot,
    TransactionError,
)
from pglite_native.changes.reader import Reader
from tests.waiting import DEADLINE_S

Scenario = Callable[[AsyncPGlite], Coroutine[Any, Any, None]]
LEFT = "select slot_name from pg_replication_slots union all select pubname from pg_publication"


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    with Engine(settings={"wal_level": "logical"}) as engine, PGlite(engine=engine) as db:
        db.exec("create table t (id int primary key)")
        yield engine.snapshot()


@pytest.fixture
def play(snapshot: Snapshot) -> Callable[[Scenario], None]:
    async def main(scenario: Scenario) -> None:
        async with AsyncPGlite(image=snapshot) as db:
            await asyncio.wait_for(scenario(db), DEADLINE_S)
            assert (await db.query(LEFT)).rows == []

    return lambda scenario: asyncio.run(main(scenario))


async def insert(db: AsyncPGlite, count: int) -> None:
    for number in range(count):
        await db.query("insert into t values ($1)", [number])
        await asyncio.sleep(0.002)


def test_changes_come_while_the_task_waits(play: Callable[[Scenario], None]) -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async with db.changes(tables=["t"]) as changes:
            assert changes.slot and changes.publications and not changes.closed
            inserting = asyncio.create_task(insert(db, 5))
            found = []
            async for change in changes:
                assert change.new is not None
                found.append(change.new["id"])
                if len(found) == 5:
                    break
            assert found == list(range(5))
            await inserting
            changes.timeout = 0
            await db.exec("insert into t values (5), (6)")
            assert [len(t.changes) async for t in changes.transactions()] == [2]
            await changes.confirm()

    play(scenario)


def test_a_task_that_is_cancelled_again_and_again_loses_nothing(
    play: Callable[[Scenario], None],
) -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async with db.changes() as changes:
            inserting = asyncio.create_task(insert(db, 100))
            found = []

            async def follow() -> None:
                async for change in changes:
                    assert change.new is not None
                    found.append(change.new["id"])

            while len(found) < 100:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(follow(), 0.01)
            assert found == list(range(100))
            await inserting

    play(scenario)


def test_another_task_may_close_it(play: Callable[[Scenario], None]) -> None:
    async def scenario(db: AsyncPGlite) -> None:
        changes = db.changes()
        async with changes:

            async def follow() -> list[Any]:
                return [change async for change in changes]

            following = asyncio.create_task(follow())
            await asyncio.sleep(0.05)
            await changes.close()
            assert await following == []
            await changes.close()
            with pytest.raises(EngineClosed):
                await follow()
        with pytest.raises(EngineClosed):
            async with changes:
                pass

    play(scenario)


def test_it_opens_in_async_with_and_not_in_a_transaction(play: Callable[[Scenario], None]) -> None:
    async def scenario(db: AsyncPGlite) -> None:
        with pytest.raises(EngineClosed, match="async with"):
            async for _ in db.changes():
                pass
        async with db.transaction():
            with pytest.raises(TransactionError):
                async with db.changes():
                    pass

    play(scenario)


def test_a_task_that_is_cancelled_as_the_iterator_opens_leaves_nothing(
    play: Callable[[Scenario], None],
) -> None:
    async def scenario(db: AsyncPGlite) -> None:
        loop = asyncio.get_running_loop()
        changes = db.changes()
        open_reader, cancelled = changes._open_reader, threading.Event()

        def cancel() -> None:
            opening.cancel()
            cancelled.set()

        def open_and_be_cancelled(session: PGlite) -> Reader:
            reader = open_reader(session)
            loop.call_soon_threadsafe(cancel)
            assert cancelled.wait(DEADLINE_S)
            return reader

        changes._open_reader = open_and_be_cancelled
        opening = asyncio.create_task(changes.__aenter__())
        with pytest.raises(asyncio.CancelledError):
            await opening

    play(scenario)


def test_a_task_that_is_cancelled_in_the_block_leaves_nothing(
    play: Callable[[Scenario], None],
) -> None:
    async def scenario(db: AsyncPGlite) -> None:
        async def follow() -> None:
            async with db.changes() as changes:
                async for _ in changes:
                    pass

        for delay in (0, 0.001, 0.01, 0.02, 0.05, 0.1):
            following = asyncio.create_task(follow())
            await asyncio.sleep(delay)
            following.cancel()
            with pytest.raises(asyncio.CancelledError):
                await following

    play(scenario)
