"""Ctrl-C between any two functions of every call, and at random."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from pglite_native import Engine, EngineBusy, PGlite, TransactionError
from tests import wire
from tests.engine import child
from tests.interrupts import Crossings
from tests.processes import calls, interrupting
from tests.processes.calls import PATIENCE_S, ROWS, Call, Place
from tests.waiting import until

# How many places of a call are passed over between two that are tried: the calls that take longest
# have hundreds, most of them in functions that others have been interrupted in. Primes, so that
# loops are not always met in the same place.
STRIDES: dict[Call, int] = {
    calls.exec_protocol_raw: 1,
    calls.stream: 1,
    calls.query: 3,
    calls.execute: 2,
    calls.describe_query: 2,
    calls.transaction: 5,
    calls.savepoint: 7,
    calls.rolled_back: 5,
    calls.copy_in: 3,
    calls.copy_out: 5,
    calls.listen: 5,
    calls.open_and_close: 5,
    calls.open_a_directory: 23,
    calls.clone: 19,
    calls.connect: 5,
    calls.connect_as_a_user: 7,
    calls.snapshot_and_restore: 2,
    calls.save_and_load_a_snapshot: 3,
    calls.serve: 11,
    calls.db_api: 11,
    calls.db_api_connect: 13,
}


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.close()


# What was interrupted as it had been opened, and before it was assigned, Python closes, and warns.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("call", STRIDES, ids=lambda call: call.__name__)
def test_an_interrupt_between_any_two_functions_leaves_everything_usable(
    call: Call, place: Place
) -> None:
    call(place)  # what it loads it loads now
    place.check()
    descriptors, crossing = count_descriptors(), 1
    while True:
        try:
            with Crossings(crossing) as crossings:
                call(place)
            break  # there are fewer
        except KeyboardInterrupt:
            check(place, crossings.where)  # while the exception holds all frames
        crossing += STRIDES[call]
    assert crossing > 5
    gc.collect()
    place.check()
    # Threads that a cluster has begun meanwhile have some, too; those of servers end by themselves.
    until(lambda: count_descriptors() <= descriptors + 8)


def check(place: Place, where: str) -> None:
    """What was interrupted has no row in t or both, and other threads do not wait for it."""
    place.connection.rollback()
    asked = place.other_thread.submit(place.db.query, "select a from t")
    assert len(asked.result(PATIENCE_S).rows) in ROWS, where
    place.db.exec("vacuum t")
    place.db.exec("truncate t")
    place.other.exec("select 1")


def count_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.long
def test_interrupts_at_random() -> None:
    printed = child.output(
        "from tests.processes import interrupting; interrupting.main(1, 80)",
        seconds=interrupting.HANG_S * 2,
    )
    assert printed.startswith("seed 1\n") and printed.endswith("nothing lost or left\n"), printed


# --- what was found so ----------------------------------------------------------------------------


def everywhere(call: Call, place: object) -> Iterator[str]:
    """Make a call again and again, interrupted one place later each time; yield where."""
    crossing = 0
    while True:
        crossing += 1
        try:
            with Crossings(crossing) as crossings:
                call(place)  # type: ignore[arg-type]
            return
        except KeyboardInterrupt:
            yield crossings.where


def test_a_directory_whose_opening_was_interrupted_is_free_at_once(place: Place) -> None:
    """The exception, which is kept here, holds the frame that was opening it."""
    with pytest.raises(KeyboardInterrupt) as kept, Crossings(60) as crossings:
        PGlite(place.folder / "data")
    assert kept.traceback and crossings.where
    PGlite(place.folder / "data").close()


def test_a_transaction_whose_end_was_interrupted_lets_other_threads_in() -> None:
    with PGlite() as db, ThreadPoolExecutor(1) as pool:
        db.exec("create table t (a int)")

        def left_early(_: Place) -> None:
            with db.transaction() as transaction:
                transaction.exec("insert into t values (1)")
                raise ZeroDivisionError

        for where in everywhere_but(left_early, ZeroDivisionError):
            rows = pool.submit(db.query, "select a from t").result(PATIENCE_S).rows
            assert rows == [], where


def everywhere_but(call: Call, expected: type[Exception]) -> Iterator[str]:
    """As `everywhere`, for a call that ends with an exception of its own."""

    def made(place: Place) -> None:
        with suppress(expected):
            call(place)

    yield from everywhere(made, None)


def test_a_savepoint_whose_release_was_interrupted_is_undone_alone_or_fails_the_whole() -> None:
    with PGlite() as db:
        db.exec("create table t (a int)")

        def nested(_: object) -> None:
            db.exec("truncate t")
            with db.transaction() as outer:
                outer.exec("insert into t values (1)")
                try:
                    with outer.transaction() as inner:
                        inner.exec("insert into t values (2)")
                except KeyboardInterrupt:
                    return  # and what was before is kept, if it can be
                outer.exec("insert into t values (3)")

        crossing = 0
        while True:
            crossing += 5
            try:
                with Crossings(crossing) as crossings:
                    nested(None)
            except (TransactionError, KeyboardInterrupt):  # the outer one could not be kept
                pass
            rows = [row["a"] for row in db.query("select a from t order by a").rows]
            # [1, 2]: it came after the release.
            assert rows in ([], [1], [1, 2], [1, 2, 3]), crossings.where
            if not crossings.where:
                break


def test_a_dropped_stream_ends_even_if_its_finalizer_is_interrupted() -> None:
    with Engine() as engine:

        def dropped(_: object) -> None:
            engine.exec_protocol_stream(wire.query("select 1"))

        for where in everywhere(dropped, None):
            try:
                engine.exec_protocol_raw(wire.query("select 1"))
            except EngineBusy as busy:
                raise AssertionError(where) from busy


def test_a_snapshot_whose_making_was_interrupted_is_freed() -> None:
    with Engine() as engine:
        engine.snapshot()
        engine.exec_protocol_raw(wire.query("select 1"))
        descriptors = count_descriptors()
        for where in everywhere(lambda _: engine.snapshot(), None):
            engine.exec_protocol_raw(wire.query("select 1"))  # for the next one to be a new one
            assert count_descriptors() <= descriptors + 1, where  # the exception's
        engine.exec_protocol_raw(wire.query("select 1"))
        assert count_descriptors() == descriptors


def test_a_dump_that_was_interrupted_as_it_began_is_over() -> None:
    with PGlite() as db:
        for crossing in range(1, 60):
            with pytest.raises(KeyboardInterrupt), Crossings(crossing):
                db.dump_data_dir(compression="none")
            db.exec("select 1")
