"""snapshot, restore and fork: what goes along, what must differ, and when they are refused."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pglite_native import Engine, EngineBusy, EngineClosed, EngineError, Snapshot, SnapshotError
from pglite_native.engine.binding import check, ffi, lib
from tests import wire
from tests.engine import child, states
from tests.engine.sql import run, sqlstate, value
from tests.engine.states import STATES
from tests.engine.test_checkpoint import WRITE, last_checkpoint

SECOND = timedelta(seconds=1)
NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 59, 58, tzinfo=timezone.utc)
# Whatever was open or set, is not any more; nor is what the states' tables are named.
SPOIL = (
    "abort",
    "reset session authorization",
    "discard all",
    "drop table if exists t; drop sequence if exists s; drop schema if exists a cascade",
    "create table spoilt as select n from generate_series(1, 1000) n",
)


def spoil(engine: Engine) -> None:
    for sql in SPOIL:
        assert wire.errors(engine.exec_protocol_raw(wire.query(sql))) == []


def counter(engine: Engine) -> int:
    """What `insert into t values (...)` has added up to."""
    return int(value(engine, "select coalesce(sum(n), 0) from t") or 0)


@pytest.fixture
def fresh() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def base() -> Iterator[Engine]:
    """An engine with a table t(n) that holds a 1."""
    with Engine() as engine:
        run(engine, "create table t as select 1 as n")
        yield engine


# --- what goes along ------------------------------------------------------------------------


@contextmanager
def forked(engine: Engine, folder: Path) -> Iterator[Engine]:
    with engine.fork() as copy:
        yield copy


@contextmanager
def restored(engine: Engine, folder: Path) -> Iterator[Engine]:
    """The engine itself, brought back to what it was. A second one plays the original."""
    snapshot = engine.snapshot()
    with Engine(image=snapshot) as copy:
        spoil(copy)
        copy.restore(snapshot)
        yield copy


@contextmanager
def restored_elsewhere(engine: Engine, folder: Path) -> Iterator[Engine]:
    """An engine that booted, and so was never mapped from anything."""
    with Engine(settings={"work_mem": "9MB"}) as copy:
        spoil(copy)
        copy.restore(engine.snapshot())
        yield copy


@contextmanager
def saved(engine: Engine, folder: Path) -> Iterator[Engine]:
    engine.snapshot().save(folder / "image")
    with Engine(image=folder / "image") as copy:
        yield copy


WAYS = [forked, restored, restored_elsewhere, saved]


@pytest.mark.tiers
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", STATES)
def test_every_kind_of_state_goes_along(
    fresh: Engine, tmp_path: Path, name: str, way: Callable[..., Any]
) -> None:
    """The copy's reply is the one of an engine that was never touched, byte by byte."""
    state = STATES[name]
    for message in state.make:
        fresh.exec_protocol_raw(message)
    with way(fresh, tmp_path) as copy:
        reply = copy.exec_protocol_raw(state.question)
        states.check(name, reply)
        assert fresh.exec_protocol_raw(state.question) == reply
        spoil(copy)  # both go on
        spoil(fresh)


def test_a_transaction_ends_in_each_fork_as_that_one_likes(base: Engine) -> None:
    run(base, "begin; insert into t values (10)")
    with base.fork() as commits, base.fork() as rolls_back:
        run(commits, "insert into t values (100); commit")
        run(rolls_back, "rollback; insert into t values (1000)")
        assert counter(commits) == 111
        assert counter(rolls_back) == 1001
        assert counter(base) == 11
        run(base, "insert into t values (10000); commit")
        assert counter(base) == 10011


def test_a_fork_is_written_to_like_any_other_engine(base: Engine) -> None:
    """New tables, extensions and databases; VACUUM, CHECKPOINT, and what was cached is dropped."""
    with base.fork() as copy:
        run(copy, "create table u(n int primary key, s text)")
        run(copy, "insert into u select n, repeat('x', n % 700) from generate_series(1, 5000) n")
        run(copy, "create extension hstore; create index on u(s)")
        run(copy, "vacuum full")
        run(copy, "checkpoint")
        run(copy, "reindex database postgres")
        assert value(copy, "select sum(n) from u") == "12502500"
        assert value(copy, "select 'a=>1'::hstore -> 'a'") == "1"
        run(copy, "create database other")
        copy.exec_protocol_raw(wire.startup({"user": "postgres", "database": "postgres"}))
        assert counter(copy) == 1
    assert sqlstate(base, "select * from u") == "42P01"


def test_a_new_session_in_a_fork(base: Engine) -> None:
    run(base, "create role alice login; grant all on t to alice")
    with base.fork() as copy:
        copy.exec_protocol_raw(
            wire.startup({"user": "alice", "database": "postgres", "application_name": "copy"})
        )
        assert run(copy, "select session_user, n from t") == [("alice", "1")]
        assert value(copy, "show application_name") == "copy"
    assert run(base, "select session_user, n from t") == [("postgres", "1")]
    assert value(base, "show application_name") == ""


CHECKPOINT_S = 1.5  # one that has little to write takes as long, on a busy machine


def writes_to_a_checkpoint(engine: Engine) -> int:
    """How many it takes until one is made."""
    before = last_checkpoint(engine)
    count = 0
    while last_checkpoint(engine) == before:
        run(engine, WRITE)
        count += 1
        time.sleep(CHECKPOINT_S)
    return count


@pytest.mark.long
def test_a_checkpoint_is_as_near_as_it_was(base: Engine) -> None:
    """64 MiB after the last one, in whatever session."""
    with base.fork() as copy:
        distance = writes_to_a_checkpoint(copy)
        assert distance > 3
        for nearer in (1, 2, 3):
            run(base, WRITE)
            copy.restore(base.snapshot())
            assert writes_to_a_checkpoint(copy) == distance - nearer


# --- timeouts and clocks --------------------------------------------------------------------


def test_a_pending_timeout_goes_along_with_a_frozen_clock() -> None:
    with Engine(clock=NEW_YEARS_EVE) as base:
        run(base, "set transaction_timeout = '10s'; begin")
        base.advance(4 * SECOND)
        snapshot = base.snapshot()
        with Engine(image=snapshot) as one, Engine(image=snapshot) as other:
            one.advance(5 * SECOND)
            assert value(one, "select clock_timestamp()") == "2027-01-01 00:00:07+00"
            one.advance(2 * SECOND)
            assert sqlstate(one, "select 1") == "25P04"
            assert value(other, "select clock_timestamp()") == "2027-01-01 00:00:02+00"
            other.advance(7 * SECOND)
            assert sqlstate(other, "select 1") == "25P04"
            other.restore(snapshot)
            assert value(other, "select clock_timestamp()") == "2027-01-01 00:00:02+00"
            other.set_time(None)
            assert value(other, "select now() < '2027-01-01'") == "t"


def test_a_pending_timeout_goes_along_with_the_real_clock(fresh: Engine) -> None:
    """No earlier than it should, and in the end it does."""
    run(fresh, "set transaction_timeout = '2s'; begin")
    with fresh.fork() as copy:
        for _ in range(1200):
            state = sqlstate(copy, "select 1")
            if state != "00000":
                break
            time.sleep(0.05)
        assert state == "25P04"
    assert sqlstate(fresh, "select 1") == "25P04"


def test_no_time_passes_for_a_snapshot(fresh: Engine, tmp_path: Path) -> None:
    """What is left of a timeout is left, however long the snapshot lies."""
    fresh.set_time(NEW_YEARS_EVE)
    run(fresh, "set transaction_timeout = '10s'; begin")
    snapshot = fresh.snapshot()
    snapshot.save(tmp_path / "image")
    fresh.advance(60 * SECOND)
    assert sqlstate(fresh, "select 1") == "25P04"
    for image in (snapshot, tmp_path / "image"):
        with Engine(image=image) as copy:
            assert sqlstate(copy, "select 1") == "00000"


def test_a_snapshot_may_be_given_another_clock(base: Engine) -> None:
    snapshot = base.snapshot()
    with Engine(image=snapshot, clock=NEW_YEARS_EVE) as copy:
        assert value(copy, "select now()") == "2026-12-31 23:59:58+00"
        with copy.fork() as other:
            assert value(other, "select now()") == "2026-12-31 23:59:58+00"
    with Engine(image=snapshot) as copy:
        real = datetime.fromisoformat(str(value(copy, "select now()::timestamp(0)")))
        assert abs(real - datetime.now(timezone.utc).replace(tzinfo=None)) < timedelta(hours=1)


# --- chance ---------------------------------------------------------------------------------

CHANCES = [
    "select random()",
    "select gen_random_uuid()",
    "select random_normal()",
    "select string_agg(n::text, ' ' order by random()) from generate_series(1, 30) n",
    "select gen_random_bytes(16)",
    "select gen_salt('bf')",
    "select array_shuffle(array[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20])",
]


@pytest.mark.parametrize("before", ["select 1", "select setseed(0.5)", "begin; select 1/0"])
def test_forks_differ_in_chance(fresh: Engine, before: str) -> None:
    """Also where the base had seeded its generator, or its transaction has failed."""
    run(fresh, "create extension pgcrypto; select random()")
    fresh.exec_protocol_raw(wire.query(before))
    snapshot = fresh.snapshot()
    copies = [fresh, *(Engine(image=snapshot) for _ in range(3)), fresh.fork()]
    restored = Engine()
    restored.restore(snapshot)
    copies.append(restored)
    drawn: list[list[str | None]] = []
    for copy in copies:
        copy.exec_protocol_raw(wire.query("abort"))
        drawn.append([value(copy, chance) for chance in CHANCES])
    restored.restore(snapshot)  # once more
    restored.exec_protocol_raw(wire.query("abort"))
    drawn.append([value(restored, chance) for chance in CHANCES])
    for of_one_kind in zip(*drawn, strict=True):
        assert len(set(of_one_kind)) == len(drawn)
    for copy in copies:
        copy.close()


def test_setseed_in_a_fork_repeats(fresh: Engine) -> None:
    question = "select setseed(0.25), random()"
    with fresh.fork() as one, fresh.fork() as other:
        assert run(one, question) == run(other, question)


def test_forks_of_a_seeded_engine_repeat() -> None:
    with Engine(seed=7) as base:
        run(base, "create extension pgcrypto; select random()")
        with base.fork() as one, base.fork() as other:
            for chance in CHANCES:
                assert value(one, chance) == value(other, chance)
        snapshot = base.snapshot()
        with Engine(image=snapshot) as one:
            first = [value(one, chance) for chance in CHANCES]
            one.restore(snapshot)
            assert [value(one, chance) for chance in CHANCES] == first


def test_a_fork_of_a_seeded_engine_goes_on_as_the_engine_does() -> None:
    with Engine(seed=7) as base:
        run(base, "create extension pgcrypto; select random()")
        with base.fork() as copy:
            assert [value(base, c) for c in CHANCES] == [value(copy, c) for c in CHANCES]


def test_a_snapshot_may_be_given_a_seed(base: Engine) -> None:
    run(base, "create extension pgcrypto")
    snapshot = base.snapshot()
    seeds = [1, 1, 2]
    copies = [Engine(image=snapshot, seed=seed) for seed in seeds]
    one, same, other = ([value(copy, chance) for chance in CHANCES] for copy in copies)
    assert one == same
    assert not set(one) & set(other)
    for copy in copies:
        copy.close()


# --- refused --------------------------------------------------------------------------------


def refused(engine: Engine, snapshot: Snapshot, error: type[EngineError], message: str) -> None:
    """All three."""
    for call in (engine.snapshot, engine.fork, lambda: engine.restore(snapshot)):
        with pytest.raises(error, match=message) as raised:
            call()
        assert raised.type is error


def test_refused_in_copy_from_stdin(base: Engine) -> None:
    snapshot = base.snapshot()
    base.exec_protocol_raw(wire.query("copy t from stdin"))
    refused(base, snapshot, SnapshotError, "in the middle of a message or of COPY")
    base.exec_protocol_raw(wire.copy_data(b"10\n"))
    refused(base, snapshot, SnapshotError, "in the middle of a message or of COPY")
    base.exec_protocol_raw(wire.copy_data(b"100\n") + wire.copy_done())
    assert counter(base) == 111
    with base.fork() as copy:
        assert counter(copy) == 111


def test_refused_in_an_incomplete_message(base: Engine) -> None:
    snapshot = base.snapshot()
    message = wire.query("insert into t values (10)")
    base.exec_protocol_raw(message[:9])
    refused(base, snapshot, SnapshotError, "in the middle of a message or of COPY")
    assert wire.kinds(base.exec_protocol_raw(message[9:])) == "CZ"
    assert counter(base) == 11
    base.restore(snapshot)
    assert counter(base) == 1


def test_refused_in_a_stream(base: Engine) -> None:
    snapshot = base.snapshot()
    question = wire.query("select repeat('x', 1000) from generate_series(1, 2000)")
    with base.exec_protocol_stream(question) as stream:
        refused(base, snapshot, EngineBusy, "stream")
        first = next(stream)
        refused(base, snapshot, EngineBusy, "stream")
        whole = first + b"".join(stream)
    assert len(wire.rows(whole)) == 2000
    with base.exec_protocol_stream(question) as stream:
        next(stream)
    base.restore(snapshot)
    assert counter(base) == 1


def test_refused_on_a_data_directory(base: Engine, ram_path: Path) -> None:
    snapshot = base.snapshot()
    with Engine(ram_path / "data") as engine:
        run(engine, "create table t as select 2 as n")
        refused(engine, snapshot, SnapshotError, "data directory")
        assert counter(engine) == 2
    with Engine(ram_path / "data") as engine:
        assert counter(engine) == 2


def test_refused_when_poisoned(base: Engine) -> None:
    snapshot = base.snapshot()
    error = ffi.new("pgn_error *")
    check(lib.pgn_trap(base._handle, error), error)
    with pytest.raises(EngineError):
        run(base, "select 1")
    refused(base, snapshot, EngineError, "a trap was asked for")
    with Engine(image=snapshot) as copy:
        assert counter(copy) == 1


def test_refused_when_closed(base: Engine) -> None:
    snapshot = base.snapshot()
    base.close()
    refused(base, snapshot, EngineClosed, "closed")
    with Engine(image=snapshot) as copy:
        assert counter(copy) == 1


def wait_until_busy(engine: Engine) -> None:
    while True:
        try:
            engine.statistics()
        except EngineBusy:
            return
        time.sleep(0.001)


def test_refused_while_another_thread_runs_sql(base: Engine) -> None:
    snapshot = base.snapshot()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(base.exec_protocol_raw, wire.query("select pg_sleep(600)"))
        wait_until_busy(base)
        try:
            refused(base, snapshot, EngineBusy, "another thread|stream")
        finally:
            base.cancel()
        assert wire.sqlstates(running.result()) == ["57014"]
    assert counter(base) == 1
    base.restore(snapshot)
    assert counter(base) == 1


FORKED = """
import os
from pglite_native import Engine
from tests.engine import refusals
from tests.engine.sql import value

engine = Engine()
snapshot = engine.snapshot()
pid = os.fork()
if pid == 0:
    refused = refusals.count(engine.snapshot, engine.fork, lambda: engine.restore(snapshot))
    with Engine(image=snapshot) as own:  # a snapshot is only data
        assert value(own, "select 6 * 7") == "42"
    os._exit(refused)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
with engine.fork() as copy:
    print(value(copy, "select 6 * 7"))
"""


def test_refused_in_a_forked_process() -> None:
    assert child.output(FORKED) == "42\n"


# --- an ended session -----------------------------------------------------------------------

ENDS = {
    "terminated": wire.query("select pg_terminate_backend(pg_backend_pid())"),
    "Terminate": wire.terminate(),
    "FATAL": wire.startup({"user": "nobody", "database": "postgres"}),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_session_can_be_restored(base: Engine, end: str) -> None:
    snapshot = base.snapshot()
    for round in range(3):
        run(base, f"insert into t values ({round})")
        base.exec_protocol_raw(ENDS[end])
        for call in (base.snapshot, base.fork, lambda: run(base, "select 1")):
            with pytest.raises(EngineClosed):
                call()
        base.restore(snapshot)
        assert counter(base) == 1
        with base.fork() as copy:
            assert counter(copy) == 1


# --- to and fro -----------------------------------------------------------------------------


def test_restore_to_own_older_newer_and_foreign_snapshots(base: Engine) -> None:
    snapshots = []
    for generation in range(5):
        snapshots.append((counter(base), base.snapshot()))
        run(base, f"insert into t values ({10**generation})")
        run(base, f"create table only_{generation} as select repeat('x', 100000) as s")
    with base.fork() as stranger:
        run(stranger, "create table foreign_one(); insert into t values (7)")
        snapshots.append((counter(stranger), stranger.snapshot()))
    for first in range(len(snapshots)):
        for step in (1, 2, 3, 5):
            expected, snapshot = snapshots[(first + step) % len(snapshots)]
            base.restore(snapshot)
            assert counter(base) == expected
            run(base, "insert into t values (-1)")
            assert counter(base) == expected - 1


def test_snapshots_do_not_change(base: Engine, tmp_path: Path) -> None:
    snapshot = base.snapshot()
    snapshot.save(tmp_path / "before")
    with Engine(image=snapshot) as copy:
        run(copy, "insert into t select n from generate_series(1, 10000) n")
        run(copy, "vacuum full")
        run(base, "drop table t")
        copy.restore(snapshot)
        assert counter(copy) == 1
    snapshot.save(tmp_path / "after")
    assert (tmp_path / "before").read_bytes() == (tmp_path / "after").read_bytes()


def image_of(snapshot: Snapshot) -> object:
    """Its address in C."""
    return snapshot._image.variable[0]


def test_a_second_snapshot_of_an_engine_at_rest_is_the_first(base: Engine) -> None:
    """Which takes no memory; and after every kind of change there is a new one."""
    assert image_of(base.snapshot()) == image_of(base.snapshot())
    changes: list[Callable[[], object]] = [
        lambda: run(base, "insert into t values (10)"),
        lambda: base.set_time(NEW_YEARS_EVE),
        lambda: base.advance(SECOND),
        lambda: base.set_time(None),
        lambda: base.exec_protocol_raw(b""),
    ]
    for change in changes:
        before = base.snapshot()
        change()
        after = base.snapshot()
        assert image_of(before) != image_of(after)
        assert image_of(after) == image_of(base.snapshot())


@pytest.mark.tiers
def test_ten_generations(base: Engine) -> None:
    """Each a fork of the one before, which is closed; half of what it has is dropped."""
    engine = base.fork()
    for generation in range(1, 11):
        run(engine, f"create table g{generation} as select * from generate_series(1, 2000) n")
        run(engine, f"insert into t values ({10 * generation})")
        if generation > 1:
            run(engine, f"drop table g{generation - 1}")
            run(engine, "vacuum")
        run(engine, f"begin; savepoint s; insert into t values ({generation})")
        child = engine.fork()
        run(child, "rollback to s; commit")
        run(engine, "commit")
        engine.close()
        engine = child
        assert counter(engine) == 1 + sum(10 * g for g in range(1, generation + 1))
        assert value(engine, f"select count(*) from g{generation}") == "2000"
    names = "select string_agg(tablename, ' ' order by tablename) from pg_tables"
    assert value(engine, f"{names} where schemaname = 'public'") == "g10 t"
    assert counter(base) == 1
    engine.close()


def test_a_fork_outlives_its_base_and_the_snapshot(base: Engine) -> None:
    snapshot = base.snapshot()
    one = Engine(image=snapshot)
    other = Engine(image=snapshot)
    del snapshot
    base.close()
    run(one, "insert into t values (10)")
    assert counter(one) == 11
    one.close()
    assert counter(other) == 1
    with other.fork() as last:
        other.close()
        assert counter(last) == 1


def test_dropping_a_snapshot_changes_nothing(base: Engine) -> None:
    for n in range(20):
        snapshot = base.snapshot()
        run(base, f"insert into t values ({n})")
        del snapshot
    assert counter(base) == 1 + sum(range(20))


def test_what_a_snapshot_takes(base: Engine, tmp_path: Path) -> None:
    small = base.snapshot()
    small.save(tmp_path / "small")
    assert (tmp_path / "small").stat().st_size == small.size
    # Only what holds something is stored: the guest has 160 MiB of memory.
    assert small.size < 40 << 20
    run(
        base, "create table big as select repeat(md5(n::text), 50) s from generate_series(1,9000) n"
    )
    assert base.snapshot().size > small.size + (9000 * 1600)


def test_a_snapshot_cannot_be_made_up() -> None:
    with pytest.raises((TypeError, ValueError)):
        Engine(image=42)  # type: ignore[arg-type]


def test_file_memory_after_restore(base: Engine) -> None:
    snapshot = base.snapshot()
    before = base.statistics()["file_memory"]
    run(
        base, "create table big as select repeat(md5(n::text), 50) s from generate_series(1,9000) n"
    )
    assert base.statistics()["file_memory"] > before + (9000 * 1600)
    base.restore(snapshot)
    assert base.statistics()["file_memory"] == before


@pytest.mark.long
def test_guest_memory_that_has_grown(base: Engine) -> None:
    """Shrinks by restoring, and grows again, from zeros."""
    snapshot = base.snapshot()
    before = base.statistics()["guest_memory"]
    question = "select length(string_agg(repeat('x', 1000000), '')) from generate_series(1, 60)"
    for _ in range(2):
        assert value(base, question) == "60000000"
        grown = base.statistics()["guest_memory"]
        assert grown > before
        large = base.snapshot()
        base.restore(snapshot)
        assert base.statistics()["guest_memory"] == before
        assert counter(base) == 1
        base.restore(large)
        assert base.statistics()["guest_memory"] == grown
        assert value(base, question) == "60000000"
        base.restore(snapshot)


@pytest.mark.long
def test_memory_limit_of_a_fork() -> None:
    """The base's, or its own."""
    fill = "insert into big select repeat(md5(n::text), 30) from generate_series(1, 90000) n"
    with Engine(memory_limit=24 << 20) as base:
        run(base, "create table big(s text)")
        with base.fork() as copy:
            assert sqlstate(copy, fill) == "53100"
        with Engine(image=base.snapshot(), memory_limit=1 << 30) as copy:
            assert sqlstate(copy, fill) == "00000"
        assert sqlstate(base, fill) == "53100"


def test_processes_that_were_forked_share_a_snapshot(base: Engine) -> None:
    """Each has engines of its own over the same pages."""
    snapshot = base.snapshot()
    readers = []
    for n in range(3):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            with Engine(image=snapshot) as copy:
                run(copy, f"insert into t values ({n})")
                os.write(writer, str(counter(copy)).encode())
            os._exit(0)
        os.close(writer)
        readers.append((reader, pid))
    for n, (reader, pid) in enumerate(readers):
        os.waitpid(pid, 0)
        assert os.read(reader, 100) == str(1 + n).encode()
        os.close(reader)
    assert counter(base) == 1


@pytest.mark.long
def test_a_fork_of_a_fork_has_the_zeros_that_were_mapped_over_its_base() -> None:
    """A hash join's empty buckets are 4 MiB of zeros, which the engine maps rather than writes.

    The base has bytes there, left by a long string; the fork's fork must not find them again.
    """
    with Engine() as base:
        run(
            base,
            "create function few() returns setof int language sql rows 1000000 volatile"
            " as 'select generate_series(1, 10)';"
            "create function many() returns setof int language sql rows 20000000 volatile"
            " as 'select generate_series(1, 100000)';"
            "set work_mem = '256MB'; set enable_mergejoin = off; set enable_nestloop = off;"
            "select length(repeat('x', 60000000))",
        )
        snapshot = base.snapshot()
    with Engine(image=snapshot) as fork:
        run(
            fork,
            "begin; declare c no scroll cursor for"
            " select m, f from many() m left join few() f on f = m",
        )
        run(fork, "fetch 1 from c")
        with fork.fork() as second:
            assert run(second, "fetch all from c") == run(fork, "fetch all from c")
