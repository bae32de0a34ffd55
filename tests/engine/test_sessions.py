"""Many sessions of one cluster: what each has to itself, and what they have in common.

What PostgreSQL promises between sessions that run at the same time is in tests/concurrency.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from pglite_native import DatabaseError, Engine, EngineBusy, EngineClosed, Session, SnapshotError
from tests import wire
from tests.engine import child
from tests.engine.sql import run, sqlstate, value

pytestmark = [pytest.mark.usefixtures("limit"), pytest.mark.tiers]

Pair = tuple[Session, Session]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def pair(engine: Engine) -> Pair:
    return engine.open_session(), engine.open_session()


def notifications(reply: bytes) -> list[tuple[int, str, str]]:
    found = []
    for item in wire.split(reply):
        if item.kind == "A":
            channel, text, _ = item.payload[4:].split(b"\0")
            process = int.from_bytes(item.payload[:4], "big")
            found.append((process, channel.decode(), text.decode()))
    return found


@contextmanager
def asleep(engine: Engine, session: Session) -> Iterator[None]:
    """While another thread is in a call of the session, which has to end before the block does."""

    def sleep() -> list[str]:
        try:
            return wire.sqlstates(session.exec_protocol_raw(wire.query("select pg_sleep(600)")))
        except EngineClosed:
            return ["57014"]  # the session was closed; the reply with its reason came too late

    sleeping = f"select wait_event = 'PgSleep' from pg_stat_activity where pid = {session.pid}"
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(sleep)
        while value(engine, sleeping) != "t":
            assert not call.done()
        yield
        assert call.result(10) == ["57014"]


# --- each to itself -------------------------------------------------------------------------


def test_each_has_a_process_number_of_its_own(engine: Engine, pair: Pair) -> None:
    sessions = (engine, *pair)
    assert len({session.pid for session in sessions}) == 3
    for session in sessions:
        assert value(session, "select pg_backend_pid()") == str(session.pid)
    listed = run(
        engine, f"select pid, backend_type from pg_stat_activity where pid <> {engine.pid}"
    )
    assert sorted(listed) == [(str(session.pid), "client backend") for session in pair]


@pytest.mark.parametrize(
    ("make", "look", "before"),
    [
        ("set work_mem = '7MB'", "show work_mem", "4MB"),
        ("create role some_role; set role some_role", "select current_user", "postgres"),
        ("set search_path = pg_catalog", "show search_path", '"$user", public'),
        ("prepare p as select 1", "select count(*) from pg_prepared_statements", "0"),
        ("declare c cursor with hold for select 1", "select count(*) from pg_cursors", "0"),
        ("listen c", "select count(*) from pg_listening_channels()", "0"),
        ("create temp table t ()", "select to_regclass('t') is null", "t"),
        ("load 'auto_explain'; set auto_explain.log_analyze = on",
         "select current_setting('auto_explain.log_analyze', true)", None),
    ],
)  # fmt: skip
def test_a_session_keeps_to_itself(
    pair: Pair, engine: Engine, make: str, look: str, before: str | None
) -> None:
    one, other = pair
    run(one, make)
    mine = value(one, look)
    assert mine != before
    assert value(other, look) == before
    assert value(engine, look) == before
    assert value(one.open_session(), look) == before
    assert value(one, look) == mine


def test_a_session_keeps_its_transaction_to_itself(engine: Engine, pair: Pair) -> None:
    one, other = pair
    run(engine, "create table t (a int)")
    run(one, "begin; insert into t values (1)")
    run(other, "begin; insert into t values (2), (3)")
    assert [value(session, "select sum(a) from t") for session in (one, other, engine)] == [
        "1",
        "5",
        None,
    ]
    run(other, "rollback")
    run(one, "commit")
    assert [value(session, "select sum(a) from t") for session in (one, other, engine)] == ["1"] * 3


def test_an_error_ends_one_transaction_alone(pair: Pair) -> None:
    one, other = pair
    run(one, "begin")
    run(other, "begin; create temp table t as select 1 as n")
    assert sqlstate(one, "select 1/0") == "22012"
    assert sqlstate(one, "select 1") == "25P02"
    assert value(other, "select n from t") == "1"


def test_named_and_unnamed_statements_of_the_extended_protocol_stay_apart(pair: Pair) -> None:
    for number, session in enumerate(pair):
        for name in ("", "same"):
            session.exec_protocol_raw(wire.parse(name, f"select {number}") + wire.sync())
    for number, session in enumerate(pair):
        for name in ("", "same"):
            call = wire.bind("", name) + wire.execute() + wire.sync()
            assert wire.rows(session.exec_protocol_raw(call)) == [(str(number).encode(),)]


def test_messages_that_come_in_parts_stay_apart(pair: Pair) -> None:
    messages = [wire.query(f"select {number}") for number in range(2)]
    for session, message in zip(pair, messages, strict=True):
        assert session.exec_protocol_raw(message[:7]) == b""
    for number, (session, message) in enumerate(zip(pair, messages, strict=True)):
        assert wire.rows(session.exec_protocol_raw(message[7:])) == [(str(number).encode(),)]


def test_copies_at_the_same_time(engine: Engine, pair: Pair) -> None:
    run(engine, "create table t (a int)")
    for session in pair:
        session.exec_protocol_raw(wire.query("copy t from stdin"))
    for number in range(3):
        for session in pair:
            session.exec_protocol_raw(wire.copy_data(f"{number}\n".encode()))
    for session in pair:
        assert not wire.errors(session.exec_protocol_raw(wire.copy_done()))
    assert run(engine, "select count(*), sum(a) from t") == [("6", "6")]


def test_streams_at_the_same_time(pair: Pair) -> None:
    """Each in the middle of its reply, so that neither's statement has ended."""
    query = wire.query("select repeat('x', 1000) from generate_series(1, 3000)")
    streams = [session.exec_protocol_stream(query) for session in pair]
    parts = [b"".join(pieces) for pieces in zip(*zip(*streams, strict=True), strict=True)]
    assert [len(wire.rows(reply)) for reply in parts] == [3000, 3000]


def test_an_open_stream_makes_its_session_busy_and_no_other(pair: Pair) -> None:
    one, other = pair
    query = wire.query("select repeat('x', 1000) from generate_series(1, 3000)")
    with one.exec_protocol_stream(query) as stream:
        next(stream)
        with pytest.raises(EngineBusy):
            one.exec_protocol_raw(b"")
        assert value(other, "select 1") == "1"
    assert value(one, "select 1") == "1"


def test_temporary_tables_of_one_name(pair: Pair) -> None:
    for session in pair:
        run(session, f"create temp table t as select {session.pid} as n; analyze t")
    run(pair[1], "insert into t select generate_series(1, 10000)")  # beyond the local buffers
    for session, rows in zip(pair, (1, 10001), strict=True):
        assert value(session, "select count(*) from t") == str(rows)
    pair[0].close()
    assert value(pair[1], "select count(*) from t") == "10001"
    assert value(pair[1], "select count(*) from pg_class where relname = 't'") == "1"


def test_heaps_grow_apart(pair: Pair) -> None:
    """Beyond what the original had of memory, each has its own too."""
    series = "select repeat('{name}', 100) from generate_series(1, {n})"
    hold = "declare {name} cursor with hold for " + series
    for session, name, rows in zip(pair, "ab", (100_000, 300_000), strict=True):
        run(session, "set work_mem = '200MB'")
        run(session, hold.format(name=name, n=rows))
    for session, name, rows in zip(pair, "ab", (100_000, 300_000), strict=True):
        last = f"fetch absolute {rows} from {name}"
        assert value(session, last) == name * 100
        assert run(session, f"fetch forward all from {name}") == []


# --- in common ------------------------------------------------------------------------------


def test_catalog_changes_are_seen_by_all(pair: Pair) -> None:
    one, other = pair
    run(one, "create table t (a int); insert into t values (1)")
    run(other, "prepare p as select * from t; execute p")
    run(one, "alter table t add b text default 'new'")
    assert run(other, "select * from t") == [("1", "new")]
    assert sqlstate(other, "execute p") == "0A000"  # cached plan must not change result type
    run(other, "create function f() returns int language plpgsql as 'begin return 1; end'")
    assert value(one, "select f()") == "1"
    run(other, "create or replace function f() returns int language sql as 'select 2'")
    assert value(one, "select f()") == "2"
    run(one, "drop table t")
    assert sqlstate(other, "select * from t") == "42P01"
    assert value(other.open_session(), "select f()") == "2"


def test_more_catalog_changes_than_the_queue_of_them_holds(pair: Pair) -> None:
    """A session that slept through them forgets all it has cached."""
    one, other = pair
    run(one, "create table t as select 1 as n")
    assert run(other, "select * from t") == [("1",)]
    for number in range(150):
        run(one, f"create table t{number} (a int primary key); drop table t{number}")
    run(one, "alter table t add m int default 2")
    assert run(other, "select * from t") == [("1", "2")]


def test_privileges_granted_by_one_hold_for_the_other(engine: Engine, pair: Pair) -> None:
    one, other = pair
    run(engine, "create role reader; create table t as select 1 as n")
    run(other, "set role reader")
    assert sqlstate(other, "select * from t") == "42501"
    run(one, "grant select on t to reader")
    assert value(other, "select * from t") == "1"
    run(one, "revoke select on t from reader")
    assert sqlstate(other, "select * from t") == "42501"


def test_sequences_are_shared_and_currval_is_not(engine: Engine, pair: Pair) -> None:
    run(engine, "create sequence s")
    drawn = [value(session, "select nextval('s')") for session in (*pair, *pair)]
    assert drawn == ["1", "2", "3", "4"]
    assert value(pair[0], "select currval('s')") == "3"
    assert sqlstate(engine.open_session(), "select currval('s')") == "55000"


def test_notifications_for_an_idle_session_come_with_its_next_call(pair: Pair) -> None:
    one, other = pair
    for session in pair:
        run(session, "listen news")
    other.exec_protocol_raw(wire.query("notify news, 'first'; notify news, 'second'"))
    assert notifications(one.exec_protocol_raw(b"")) == [
        (other.pid, "news", "first"),
        (other.pid, "news", "second"),
    ]
    assert one.exec_protocol_raw(b"") == b""


# --- ending ---------------------------------------------------------------------------------


def test_a_terminated_session_says_so_with_its_next_call(pair: Pair) -> None:
    one, other = pair
    run(one, "create temp table t ()")
    assert value(other, f"select pg_terminate_backend({one.pid}, 5000)") == "t"
    assert value(other, "select count(*) from pg_class where relname = 't'") == "0"
    (error,) = wire.errors(one.exec_protocol_raw(b""))
    assert (error["S"], error["C"]) == ("FATAL", "57P01")
    with pytest.raises(EngineClosed):
        run(one, "select 1")
    assert value(other, f"select pg_terminate_backend({one.pid})") == "f"
    one.close()
    assert value(other, "select 1") == "1"


@pytest.mark.parametrize("place", ["in memory", "in a directory"])
def test_the_first_session_can_be_terminated_as_any_other(place: str, tmp_path: Path) -> None:
    """At once, also when it is idle; the cluster is there for the others, and ends as it does."""
    directory = None if place == "in memory" else tmp_path / "data"
    with Engine(directory) as engine, engine.open_session() as other:
        run(engine, "create table t as select 1 as n")
        run(engine, "begin")
        run(engine, "update t set n = 10")
        assert value(other, f"select pg_terminate_backend({engine.pid}, 10000)") == "t"
        assert value(other, "update t set n = n + 1 returning n") == "2"
        assert wire.sqlstates(engine.exec_protocol_raw(wire.query("table t"))) == ["57P01"]
        with pytest.raises(EngineClosed):
            run(engine, "table t")
        with engine.open_session() as third:
            assert value(third, "table t") == "2"
    if directory is not None:
        with Engine(directory) as engine:
            assert value(engine, "table t") == "2"


def test_the_first_session_is_terminated_in_a_statement(engine: Engine, pair: Pair) -> None:
    with ThreadPoolExecutor() as pool:
        busy = pool.submit(engine.exec_protocol_raw, wire.query("select pg_sleep(600)"))
        waiting = f"select wait_event from pg_stat_activity where pid = {engine.pid}"
        while value(pair[0], waiting) != "PgSleep":
            pass
        assert value(pair[0], f"select pg_terminate_backend({engine.pid}, 10000)") == "t"
        assert wire.sqlstates(busy.result()) == ["57P01"]
    assert value(pair[1], "select 6 * 7") == "42"


def test_a_database_is_dropped_in_spite_of_the_first_session(engine: Engine) -> None:
    run(engine, "create database shop")
    with engine.open_session(database="shop") as other:
        assert sqlstate(other, "drop database postgres") == "55006"
        run(other, "drop database postgres with (force)")
        assert wire.sqlstates(engine.exec_protocol_raw(wire.query("select 1"))) == ["57P01"]
        assert value(other, "select count(*) from pg_database where datname = 'postgres'") == "0"


def test_a_terminate_message_ends_the_session_alone(engine: Engine, pair: Pair) -> None:
    one, other = pair
    one.exec_protocol_raw(wire.terminate())
    with pytest.raises(EngineClosed):
        one.exec_protocol_raw(b"")
    one.close()
    assert value(other, "select count(*) from pg_stat_activity where datname is not null") == "2"
    assert value(engine, "select 1") == "1"


def test_closing_rolls_back(engine: Engine, pair: Pair) -> None:
    one, other = pair
    run(engine, "create table t (a int)")
    run(one, "begin; insert into t values (1); lock table t")
    one.close()
    one.close()
    with pytest.raises(EngineClosed):
        run(one, "select 1")
    with pytest.raises(EngineClosed):
        one.exec_protocol_stream(b"")
    assert value(other, "select count(*) from t") == "0"
    other.exec_protocol_raw(wire.query("copy t from stdin") + wire.copy_data(b"1\n"))
    other.close()  # in the middle of COPY
    assert value(engine, "select count(*) from t") == "0"


def test_closing_a_busy_session_ends_its_statement(engine: Engine, pair: Pair) -> None:
    one, other = pair
    run(engine, "create table t (a int)")
    run(one, "begin; lock table t")
    with asleep(engine, other):
        other.close()
    with pytest.raises(EngineClosed):
        run(other, "select 1")
    assert value(one, "select 1") == "1"


def test_closing_between_two_steps_of_a_call_leaves_nothing(engine: Engine, pair: Pair) -> None:
    one, other = pair
    run(engine, "create table t (a int)")
    large = "select repeat('x', 1000) from generate_series(1, 100000)"
    stream = one.exec_protocol_stream(
        wire.query(f"begin; lock table t; {large}") + wire.query("select pg_sleep(600)")
    )
    assert next(stream)
    one.close()
    with pytest.raises(EngineClosed):
        next(stream)
    run(other, "set lock_timeout = '2s'; select * from t")
    there = f"select count(*) from pg_stat_activity where pid = {one.pid}"
    assert value(other, there) == "0"
    assert value(other, f"select count(*) from pg_locks where pid = {one.pid}") == "0"


def test_closing_the_engine_closes_its_sessions(engine: Engine, pair: Pair) -> None:
    run(pair[0], "begin; create table t ()")
    engine.close()
    for session in pair:
        with pytest.raises(EngineClosed):
            run(session, "select 1")
        session.close()
    with pytest.raises(EngineClosed):
        engine.open_session()
    with pytest.raises(EngineClosed):
        pair[0].open_session()


def test_a_session_that_is_dropped_is_closed(engine: Engine) -> None:
    run(engine, "create table t ()")
    session = engine.open_session()
    run(session, "begin; lock table t")
    del session
    run(engine, "set lock_timeout = '2s'; select * from t")
    assert value(engine, "select count(*) from pg_locks where pid <> pg_backend_pid()") == "0"


def test_a_session_keeps_its_cluster_from_being_dropped() -> None:
    session = Engine().open_session()
    assert value(session, "select 1") == "1"
    with session.open_session() as other:
        assert value(other, "select 2") == "2"


def test_a_session_that_begins_anew_for_a_user(engine: Engine) -> None:
    run(engine, "create role someone login; alter role someone set work_mem = '9MB'")
    with engine.open_session() as session:
        reply = session.exec_protocol_raw(wire.startup({"user": "someone", "database": "postgres"}))
        assert not wire.errors(reply)
        assert run(session, "select current_user, session_user") == [("someone", "someone")]
        assert value(session, "show work_mem") == "9MB"
    assert value(engine, "select current_user") == "postgres"


# --- opening --------------------------------------------------------------------------------


@pytest.mark.long
def test_two_hundred_sessions_come_and_go_without_a_trace(engine: Engine) -> None:
    def use(count: int, make: str, look: str) -> None:
        sessions = [engine.open_session() for _ in range(count)]
        for session in sessions:
            run(session, make)
        for session in sessions:
            assert value(session, look) == "1"
        for session in sessions:
            session.close()

    use(200, "create temp table t (a int); insert into t values (1)", "select sum(a) from t")
    listen = "listen c", "select count(*) from pg_listening_channels()"
    use(20, *listen)
    before = engine.statistics()
    use(200, *listen)
    after = engine.statistics()
    assert after["file_memory"] < before["file_memory"] + 2**17
    assert after["guest_memory"] == before["guest_memory"]
    assert value(engine, "select count(*) from pg_stat_activity where datname is not null") == "1"
    assert value(engine, "select count(*) from pg_locks where pid <> pg_backend_pid()") == "0"


def test_too_many_sessions_are_refused() -> None:
    with Engine(settings={"max_connections": "4"}) as engine:
        sessions = [engine.open_session() for _ in range(3)]
        for _ in range(2):
            with pytest.raises(DatabaseError, match="53300: sorry, too many clients already"):
                engine.open_session()
        assert value(engine, "select count(*) from pg_stat_activity where datname > ''") == "4"
        sessions.pop().close()
        with engine.open_session() as session:
            assert value(session, "select 1") == "1"


def test_a_session_is_not_busy_because_others_are_opened(engine: Engine) -> None:
    def open_many() -> None:
        for _ in range(100):
            engine.open_session().close()

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(open_many) for _ in range(2)]
        while not all(call.done() for call in calls):
            assert value(engine, "select 1") == "1"
        for call in calls:
            call.result()


COME_AND_GO = """
from concurrent.futures import ThreadPoolExecutor
from pglite_native import Engine
from tests.engine.sql import run, value

def come_and_go(number):
    for turn in range(10):
        with engine.open_session() as session:
            run(session, f"create temp table t as select {number * 100 + turn} as n")
            assert value(session, "select n from t") == str(number * 100 + turn)

with Engine() as engine:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(8)))
    others = "datname is not null and pid <> pg_backend_pid()"
    assert value(engine, f"select count(*) from pg_stat_activity where {others}") == "0"
"""


def test_sessions_open_and_close_in_many_threads_at_once() -> None:
    child.output(COME_AND_GO, seconds=60)


def test_a_session_is_used_by_one_thread_at_a_time(engine: Engine, pair: Pair) -> None:
    with asleep(engine, pair[0]):
        with pytest.raises(EngineBusy):
            pair[0].exec_protocol_raw(b"")
        assert value(pair[1], "select 1") == "1"
        pair[0].cancel()


def test_sessions_of_a_used_engine_and_of_its_copies_begin_afresh(engine: Engine) -> None:
    run(engine, "create table t as select 1 as n; set work_mem = '7MB'; create temp table mine ()")
    with engine.fork() as fork, fork.open_session() as session:
        assert run(session, "select n from t") == [("1",)]
        assert value(session, "show work_mem") == "4MB"
        assert value(session, "select to_regclass('mine') is null") == "t"


def test_snapshots_after_sessions(engine: Engine) -> None:
    with engine.open_session() as session:
        run(session, "create table t as select 1 as n")
    with engine.fork() as fork:
        assert value(fork, "select n from t") == "1"
        with fork.open_session() as session:
            assert value(session, "select n from t") == "1"


def test_snapshots_are_refused_while_a_session_has_a_transaction(engine: Engine) -> None:
    with engine.open_session() as session:
        run(session, "begin; create table t ()")
        with pytest.raises(SnapshotError):
            engine.fork()
        assert value(session, "select count(*) from t") == "0"


def test_sessions_of_a_booted_engine() -> None:
    with Engine(image=False) as engine:
        run(engine, "set work_mem = '7MB'")
        with engine.open_session() as session:
            assert value(session, "show work_mem") == "4MB"


def test_sessions_begin_as_one_that_was_kept(engine: Engine) -> None:
    run(engine, "set work_mem = '7MB'; prepare p as select 6 * 7")
    engine.keep_session()
    run(engine, "set work_mem = '9MB'; deallocate p")
    with engine.open_session() as session:
        assert value(session, "show work_mem") == "7MB"
        assert value(session, "execute p") == "42"


# --- durable directories --------------------------------------------------------------------


def test_a_durable_directory_has_what_all_sessions_wrote(ram_path: Path) -> None:
    path = ram_path / "data"
    with Engine(path) as engine:
        sessions = [engine.open_session() for _ in range(3)]
        for number, session in enumerate(sessions):
            run(session, f"create table t{number} as select generate_series(1, 1000) as n")
        run(sessions[0], "drop table t0; checkpoint")
        sessions[1].close()
        run(sessions[2], "insert into t1 values (0)")
        run(sessions[0], "begin; insert into t1 values (-1)")
    with Engine(path) as engine, engine.open_session() as session:
        assert value(session, "select count(*) from t1") == "1001"
        assert value(session, "select count(*) from t2") == "1000"
        assert sqlstate(session, "select * from t0") == "42P01"


def test_a_killed_engine_has_what_all_sessions_committed(ram_path: Path) -> None:
    """Its directory as a crash leaves it: copied while the engine is open, after a checkpoint."""
    path, copy = ram_path / "data", ram_path / "copy"
    with Engine(path) as engine:
        one, other = engine.open_session(), engine.open_session()
        run(one, "create table t (a int); insert into t select generate_series(1, 5000)")
        run(other, "create table u (a int); insert into u values (1); checkpoint")
        run(one, "insert into t values (0); drop table u")
        run(one, "begin; insert into t values (-1)")
        shutil.copytree(path, copy, ignore=shutil.ignore_patterns("postmaster.pid", "*.lock"))
    with Engine(copy) as engine:
        assert run(engine, "select count(*), min(a) from t") == [("5001", "0")]
        assert sqlstate(engine, "select * from u") == "42P01"


# --- a model --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_random_actions_agree_with_a_model(engine: Engine, seed: int) -> None:
    """What is a session's own and what is common to all, each predicted by plain Python."""
    chance = random.Random(seed)
    run(engine, "create table rows (n int); create sequence s")
    rows: list[int] = []
    drawn = 0
    sessions: dict[Session, dict[str, int | None]] = {}
    locks: dict[int, Session] = {}

    for _ in range(150):
        action = chance.choice(["open", "close", "set", "temp", "row", "draw", "lock", "look"])
        if action == "open" or not sessions:
            sessions[engine.open_session()] = {"setting": 4096, "temp": None}
            continue
        session = chance.choice(list(sessions))
        own = sessions[session]
        number = chance.randrange(100, 10_000)
        if action == "close":
            session.close()
            del sessions[session]
            locks = {key: holder for key, holder in locks.items() if holder is not session}
        elif action == "set":
            run(session, f"set work_mem = {number}")
            own["setting"] = number
        elif action == "temp":
            run(session, f"drop table if exists t; create temp table t as select {number} as n")
            own["temp"] = number
        elif action == "row":
            run(session, f"begin; insert into rows values ({number})")
            if chance.random() < 0.5:
                run(session, "commit")
                rows.append(number)
            else:
                run(session, "rollback")
        elif action == "draw":
            drawn += 1
            assert value(session, "select nextval('s')") == str(drawn)
        elif action == "lock":
            key = number % 3
            granted = locks.setdefault(key, session) is session
            assert value(session, f"select pg_try_advisory_lock({key})") == "ft"[granted]
        else:
            setting = "select setting from pg_settings where name = 'work_mem'"
            assert value(session, setting) == str(own["setting"])
            expected = ("42P01", None) if own["temp"] is None else ("00000", str(own["temp"]))
            assert sqlstate(session, "select n from t") == expected[0]
            assert expected[1] is None or value(session, "select n from t") == expected[1]
            assert value(session, "select sum(n) from rows") == (str(sum(rows)) if rows else None)
            count = "select count(*) from pg_stat_activity where datname is not null"
            assert value(session, count) == str(1 + len(sessions))
