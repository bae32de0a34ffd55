"""A bad day: sessions that fail, are abandoned, or are too many."""

from __future__ import annotations

import ctypes
import gc
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from pglite_native import DatabaseError, Engine, EngineClosed, EngineError, Session, SnapshotError
from pglite_native.engine.binding import check, ffi, lib
from tests import wire
from tests.engine import child
from tests.engine.sql import run, sqlstate, value

PATIENCE = 60.0  # seconds until what should take a moment is given up
CLOSING_SECONDS = 90.0  # of a process that opens a hundred sessions, and then closes them

WAYS_TO_BE_BUSY = {
    "computing": "do $$ begin loop end loop; end $$",
    "sleeping": "select pg_sleep(600)",
    "waiting for a lock": "update t set n = 0",
}

# The same, and one that takes no cancel: it is ended by force.
WAYS_TO_BE_CLOSED = {
    **WAYS_TO_BE_BUSY,
    "refusing to end": """do $$ begin loop
        begin perform pg_sleep(600); exception when query_canceled then null; end;
    end loop; end $$""",
}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        run(engine, "create table t as select 1 as n")
        yield engine


def trap(session: Session) -> None:
    error = ffi.new("pgn_error *")
    check(lib.pgn_trap(session._handle, error), error)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def active(engine: Engine) -> int:
    run(engine, "select pg_stat_clear_snapshot()")  # it may be in a transaction
    others = "state = 'active' and pid <> pg_backend_pid()"
    return int(value(engine, f"select count(*) from pg_stat_activity where {others}") or 0)


def ask(session: Session, sql: str) -> str:
    """The SQLSTATE, or the name of what was raised."""
    try:
        return (wire.sqlstates(session.exec_protocol_raw(wire.query(sql))) or ["00000"])[0]
    except EngineError as error:
        return type(error).__name__


class Crowd:
    """Sessions that are all busy, each in a thread of its own."""

    def __init__(self, engine: Engine, statements: list[str]) -> None:
        self.sessions = [engine.open_session() for _ in statements]
        self._pool = ThreadPoolExecutor(len(statements))
        self._calls: list[Future[str]] = [
            self._pool.submit(ask, *each) for each in zip(self.sessions, statements, strict=True)
        ]
        until(lambda: active(engine) == len(statements), "not all are busy")

    def outcomes(self) -> set[str]:
        found = {call.result(PATIENCE) for call in self._calls}
        self._pool.shutdown()
        return found


# --- traps ----------------------------------------------------------------------------------


def test_a_trap_ends_its_cluster_and_no_other(engine: Engine) -> None:
    with Engine() as other, other.open_session() as others_session:
        one, two = engine.open_session(), engine.open_session()
        trap(one)
        for session in (one, two, engine, one):
            with pytest.raises(EngineError, match="a trap was asked for"):
                run(session, "select 1")
        with pytest.raises(EngineError):
            engine.open_session()
        for session in (other, others_session):
            assert value(session, "select 6 * 7") == "42"
        for session in (two, one, engine):
            session.close()


@pytest.mark.parametrize("what", WAYS_TO_BE_BUSY)
def test_a_trap_ends_what_the_others_are_doing(engine: Engine, what: str) -> None:
    run(engine, "begin; update t set n = 2")
    crowd = Crowd(engine, [WAYS_TO_BE_BUSY[what]] * 4)
    trap(engine)
    with pytest.raises(EngineError):
        run(engine, "select 1")
    assert crowd.outcomes() == {"EngineError"}


def test_a_durable_directory_is_recovered_after_a_trap(ram_path: Path) -> None:
    with Engine(ram_path / "data") as engine:
        one, two = engine.open_session(), engine.open_session()
        run(one, "create table t (n int); insert into t values (1)")
        run(two, "insert into t values (2)")
        run(one, "begin; insert into t values (3)")
        trap(two)
        for session in (two, one, engine):
            with pytest.raises(EngineError):
                run(session, "insert into t values (4)")
    with Engine(ram_path / "data") as engine, engine.open_session() as session:
        assert run(session, "select n from t order by n") == [("1",), ("2",)]
        run(session, "insert into t values (5)")


# --- closing --------------------------------------------------------------------------------


CLOSING = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pglite_native import Engine
from tests.concurrency.test_bad_day import WAYS_TO_BE_CLOSED, Crowd
from tests.engine.sql import run

engine = Engine(*sys.argv[3:])
run(engine, "create table t as select 1 as n")
run(engine, "begin; update t set n = 2")
count, ways = int(sys.argv[1]), sys.argv[2].split(", ")
crowd = Crowd(engine, [WAYS_TO_BE_CLOSED[ways[number % len(ways)]] for number in range(count)])
began = time.monotonic()
engine.close()
print(time.monotonic() - began)
print(*crowd.outcomes())
"""


MIXED = ", ".join(WAYS_TO_BE_CLOSED)


@pytest.mark.parametrize(
    ("ways", "durable"),
    [*((way, False) for way in WAYS_TO_BE_CLOSED), (MIXED, False), (MIXED, True)],
)
def test_an_engine_with_a_hundred_busy_sessions_is_closed_at_once(
    ways: str, durable: bool, ram_path: Path
) -> None:
    """In a process of its own, as nothing ends one that hangs here."""
    arguments = [ram_path / "data"] if durable else []
    printed = child.output(CLOSING, 100, ways, *arguments, seconds=CLOSING_SECONDS)
    seconds, outcomes = printed.splitlines()
    assert {*outcomes.split()} <= {"57014", "57P01", "EngineClosed"}
    assert float(seconds) < 20  # a second, on a machine that does nothing else


def test_a_session_that_waits_for_a_lock_is_closed(engine: Engine) -> None:
    run(engine, "begin; update t set n = 2")
    crowd = Crowd(engine, ["update t set n = 3", "update t set n = 4"])
    crowd.sessions[0].close()
    run(engine, "commit")
    assert crowd.outcomes() <= {"57014", "EngineClosed", "00000"}
    assert value(engine, "select n from t") == "4"


@pytest.mark.parametrize("what", WAYS_TO_BE_BUSY)
def test_a_stream_of_a_busy_statement_is_given_up(engine: Engine, what: str) -> None:
    """By the thread that reads it, after the first part, or before: the statement is cancelled."""
    run(engine, "begin; update t set n = 2")
    session = engine.open_session()
    rows = wire.query("select repeat('x', 1000) from generate_series(1, 1000)")
    busy = wire.query(WAYS_TO_BE_BUSY[what])
    with session.exec_protocol_stream(rows + busy) as stream:
        assert len(next(stream)) > 100_000
    with session.exec_protocol_stream(busy):
        pass
    assert active(engine) == 0
    assert value(session, "select n from t") == "1"


def test_a_pipeline_that_waits_in_the_middle(engine: Engine) -> None:
    session = engine.open_session()
    run(engine, "begin; update t set n = 2")
    pipeline = [wire.extended("select 1"), wire.extended("update t set n = n + 1 returning n"),
                wire.extended("select 3")]  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(session.exec_protocol_raw, b"".join(pipeline))
        until(lambda: active(engine) == 1, "the pipeline does not run")
        run(engine, "commit")
        assert wire.rows(call.result(PATIENCE)) == [(b"1",), (b"3",), (b"3",)]


def test_waiting_on_a_clock_that_stands(engine: Engine) -> None:
    """Who waits for a time finds it come at once; who waits for another session waits for it."""
    one, two = engine.open_session(), engine.open_session()
    engine.set_time(datetime(2030, 1, 1, tzinfo=timezone.utc))
    run(one, "begin; update t set n = 2")
    run(two, "set lock_timeout = '1h'")
    assert sqlstate(two, "update t set n = 3") == "55P03"
    run(two, "set lock_timeout = 0")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(value, two, "update t set n = n + 1 returning n")
        until(lambda: active(engine) == 1, "the statement does not run")
        run(one, "select pg_sleep(3600)")
        assert not call.done()
        run(one, "commit")
        assert call.result(PATIENCE) == "3"


MANY_CLOSE = """
from concurrent.futures import ThreadPoolExecutor
from pglite_native import Engine

for _ in range(10):
    engine = Engine()
    sessions = [engine.open_session() for _ in range(10)]
    with ThreadPoolExecutor(20) as pool:
        for call in [pool.submit(each.close) for each in (*sessions, engine, *sessions, engine)]:
            call.result(30)
"""


def test_many_threads_close_one_engine_and_its_sessions() -> None:
    child.output(MANY_CLOSE, seconds=CLOSING_SECONDS)


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    "seconds",
    [
        0.2,
        0.01,
    ],
)
def test_a_thread_that_dies_inside_a_call(engine: Engine, seconds: float) -> None:
    """By an exception thrown into it: its statement is cancelled, its session is usable."""
    session = engine.open_session()
    ended = threading.Event()

    def call() -> None:
        try:
            run(session, "select pg_sleep(600)")
        except Killed:
            ended.set()

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    until(lambda: active(engine) == 1, "the statement does not run")
    time.sleep(seconds)  # a call looks at its thread now and then
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Killed)
    )
    thread.join(PATIENCE)
    assert ended.is_set()
    assert active(engine) == 0
    assert value(session, "select 1") == "1"


FORKED = """
import os, sys, time, warnings
from concurrent.futures import ThreadPoolExecutor
from pglite_native import Engine, EngineError
from tests.engine.sql import run, value

warnings.simplefilter("ignore")
engine = Engine(sys.argv[1] if len(sys.argv) > 1 else None)
idle, busy = engine.open_session(), engine.open_session()
run(engine, "create table t as select 1 as n")
run(idle, "begin; update t set n = 2; set local idle_in_transaction_session_timeout = '1h'")
pool = ThreadPoolExecutor(1)
call = pool.submit(run, busy, "update t set n = n + 1 returning n")
while value(engine, "select count(*) from pg_locks where not granted") == "0":
    pass
child = os.fork()
if child == 0:
    began = time.monotonic()
    for use in (lambda: run(idle, "select 1"), lambda: run(busy, "select 1"),
                lambda: run(engine, "select 1"), lambda: engine.open_session()):
        try:
            use()
        except EngineError:
            continue
        os._exit(1)
    idle.cancel(); busy.cancel()
    idle.close(); busy.close(); engine.close()
    with Engine() as own, own.open_session() as session:
        if value(session, "select 1") != "1":
            os._exit(2)
    os._exit(0 if time.monotonic() - began < 10 else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
run(idle, "commit")
print(call.result(30))
engine.close()
"""


@pytest.mark.parametrize("durable", [False, True], ids=["in memory", "durable"])
def test_a_forked_child_is_refused_and_the_parent_goes_on(durable: bool, ram_path: Path) -> None:
    arguments = [ram_path / "data"] if durable else []
    assert child.output(FORKED, *arguments, seconds=PATIENCE).splitlines() == ["0", "[('3',)]"]


# --- many -----------------------------------------------------------------------------------


def test_two_hundred_sessions_wait_for_one_row_and_all_get_through(engine: Engine) -> None:
    run(engine, "begin; update t set n = 0")
    crowd = Crowd(engine, ["update t set n = n + 1"] * 200)
    run(engine, "commit")
    assert crowd.outcomes() == {"00000"}
    assert value(engine, "select n from t") == "200"


def test_two_hundred_sessions_wait_for_one_advisory_lock(engine: Engine) -> None:
    run(engine, "select pg_advisory_lock(1)")
    crowd = Crowd(engine, ["select pg_advisory_lock(1), pg_advisory_unlock(1)"] * 200)
    run(engine, "select pg_advisory_unlock(1)")
    assert crowd.outcomes() == {"00000"}


def held() -> tuple[int, int]:
    """Descriptors and memory maps of this process."""
    gc.collect()
    maps = Path("/proc/self/maps").read_text("ascii", "replace").count("\n")
    return len(os.listdir("/proc/self/fd")), maps


def test_sessions_beyond_max_connections_are_an_error_of_their_own() -> None:
    def fill() -> None:
        with Engine(settings={"max_connections": "30"}) as engine:
            sessions = [engine.open_session() for _ in range(29)]
            with pytest.raises(DatabaseError, match="too many clients"):
                engine.open_session()
            for session in (engine, *sessions):
                assert value(session, "select 1") == "1"
            with pytest.raises(DatabaseError, match="too many clients"):
                sessions[0].open_session()
            sessions.pop().close()
            assert value(engine.open_session(), "select 1") == "1"

    fill()
    before = held()
    fill()
    after = held()
    assert after[0] <= before[0]
    assert after[1] <= before[1] + 3  # the allocator's own


WAYS_OF_THE_FIRST_TO_END = {
    "a timeout": wire.query("set transaction_timeout = '10ms'; begin; select pg_sleep(1)"),
    "terminating itself": wire.query("select pg_terminate_backend(pg_backend_pid())"),
    "Terminate": wire.query("begin; insert into t values (-1)") + b"X\0\0\0\4",
    "an invalid message": b"\xff\0\0\0\4",
}


@pytest.mark.parametrize("way", WAYS_OF_THE_FIRST_TO_END)
@pytest.mark.parametrize("place", ["memory", "directory"])
def test_the_first_session_s_end_is_not_the_cluster_s(way: str, place: str, ram_path: Path) -> None:
    folder = ram_path / "data" if place == "directory" else None
    with Engine(folder, settings={"autovacuum": "off"}) as engine, engine.open_session() as other:
        run(engine, "create table t(n int); create unlogged table u as select 1")
        engine.exec_protocol_raw(WAYS_OF_THE_FIRST_TO_END[way])
        assert ask(engine, "select 1") == "EngineClosed"
        run(other, "set lock_timeout = '5s'; lock table t; insert into t values (1)")
        with engine.open_session() as new:
            run(new, "insert into t values (2)")
            assert value(new, "select count(*) from pg_stat_activity where datname > ''") == "2"
            run(new, "checkpoint")
            run(new, "insert into t values (3)")
    if folder:
        with Engine(folder) as engine:
            assert value(engine, "select string_agg(n::text, ',') from t") == "1,2,3"
            assert value(engine, "select count(*) from u") == "1"  # it was no crash


FIRST_ENDED = """
import os, signal, sys
from pglite_native import Engine
from tests.engine.sql import run

engine = Engine(sys.argv[1])
other = engine.open_session()
engine.exec_protocol_raw(bytes.fromhex(sys.argv[2]))
for n in range(500):
    run(other, f"insert into t values ({n})")
print("written", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("way", WAYS_OF_THE_FIRST_TO_END)
def test_a_kill_after_the_first_session_s_end_loses_nothing(way: str, ram_path: Path) -> None:
    with Engine(ram_path / "data") as engine:
        run(engine, "create table t(n int)")
    message = WAYS_OF_THE_FIRST_TO_END[way].hex()
    with child.start(FIRST_ENDED, ram_path / "data", message) as process:
        assert process.communicate(timeout=PATIENCE)[0] == "written\n"
    with Engine(ram_path / "data") as engine:
        assert value(engine, "select count(*) from t") == "500"


NO_ROOM = """
import os, resource, sys
from pglite_native import Engine, EngineError, EngineMemoryError
from tests.engine.sql import run, value

engine = Engine()
run(engine, "create table t as select 1 as n")
sessions = [engine.open_session()]
if sys.argv[1] == "address space":
    used = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + (40 << 30), resource.RLIM_INFINITY))
else:
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")), 4096))
try:
    for _ in range(230):
        sessions.append(engine.open_session())
    print("enough")
except EngineMemoryError:
    print("no memory")
for session in (engine, *sessions):
    assert value(session, "select n from t") == "1"
for session in sessions:
    session.close()
with engine.open_session() as session:
    print(value(session, "select n from t"))
"""


@pytest.mark.parametrize("what", ["address space", "descriptors"])
def test_what_runs_out_while_a_session_opens_is_an_error_of_that_one(what: str) -> None:
    first, last = child.output(NO_ROOM, what, seconds=PATIENCE).splitlines()
    assert first == {"address space": "no memory", "descriptors": "enough"}[what]
    assert last == "1"


def test_a_session_in_a_dead_thread_s_hands_is_closed_with_its_transaction(engine: Engine) -> None:
    """As a client that is killed while it holds locks."""

    def leave_behind() -> None:
        session = engine.open_session()
        run(session, "begin; update t set n = 5; select pg_advisory_lock(3)")

    thread = threading.Thread(target=leave_behind)
    thread.start()
    thread.join(PATIENCE)
    gc.collect()
    assert sqlstate(engine, "set lock_timeout = '5s'; update t set n = 6") == "00000"
    assert value(engine, "select pg_try_advisory_lock(3)") == "t"


@pytest.mark.long
@pytest.mark.parametrize("autovacuum", ["on", "off"])
def test_sessions_opened_while_another_thread_restores(autovacuum: str) -> None:
    """Each is of the time before, and closed, or of the time after; none keeps the old files."""
    settings = {"autovacuum": autovacuum, "autovacuum_naptime": "1s"}
    with Engine(settings=settings | {"autovacuum_vacuum_threshold": "5"}) as engine:
        run(engine, "create table t as select n, 0 as round from generate_series(1, 1000) n")
        done = threading.Event()
        said: list[str] = []

        def open_sessions() -> None:
            while not done.is_set():
                try:
                    with engine.open_session() as session:
                        said.append(ask(session, "select count(*) from t"))
                except EngineClosed:
                    said.append("EngineClosed")

        openers = [threading.Thread(target=open_sessions) for _ in range(2)]
        for opener in openers:
            opener.start()
        deadline = time.monotonic() + 4
        rounds = 0
        while time.monotonic() < deadline:
            try:
                engine.restore(engine.snapshot())
            except SnapshotError:
                continue  # one was being opened
            rounds += 1
            assert value(engine, "update t set round = round + 1 where n = 1 returning round") == (
                str(rounds)
            )
        done.set()
        for opener in openers:
            opener.join()
        assert rounds
        assert set(said) <= {"00000", "57014", "EngineClosed"}


def test_a_session_closed_while_the_cluster_is_dumped_ends_afterwards(ram_path: Path) -> None:
    class Sink(io.BytesIO):
        def write(self, data: Any) -> int:
            session.close()
            return super().write(data)

    tables = "".join(f"create temp table q{n} as select {n};" for n in range(10))
    with Engine(ram_path / "data") as engine:
        session = engine.open_session()
        run(session, tables)
        run(session, "create table t as select 1")
        sink = Sink()
        engine.dump_data_dir(sink, compression="none")
        assert value(engine, "select count(*) from pg_class where relname ~ '^q[0-9]$'") == "0"
        sink.seek(0)
        with Engine(load_data_dir=sink) as copy:
            assert value(copy, "select count(*) from t") == "1"
