"""Many sessions in one engine: what each has to itself, and what they have in common."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import Engine, EngineClosed, EngineError, SnapshotError
from pglite_native._sessions import Session
from tests import wire
from tests.engine.sql import run, sqlstate, value


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture
def pair(engine: Engine) -> tuple[Session, Session]:
    return engine.open_session(), engine.open_session()


def notifications(reply: bytes) -> list[tuple[int, str, str]]:
    found = []
    for item in wire.split(reply):
        if item.kind == "A":
            channel, text, _ = item.payload[4:].split(b"\0")
            process = int.from_bytes(item.payload[:4], "big")
            found.append((process, channel.decode(), text.decode()))
    return found


def test_each_has_a_process_number_of_its_own(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    assert value(engine, "select pg_backend_pid()") == "42"
    for session in pair:
        session.enter()
        assert value(engine, "select pg_backend_pid()") == str(session.pid)
    listed = run(engine, "select pid, backend_type from pg_stat_activity where pid <> 42")
    assert sorted(listed) == [(str(session.pid), "client backend") for session in pair]


@pytest.mark.parametrize(
    ("make", "look", "before"),
    [
        ("set work_mem = '7MB'", "show work_mem", "4MB"),
        ("create role some_role; set role some_role", "select current_user", "postgres"),
        ("set search_path = pg_catalog", "show search_path", "public"),
        ("prepare p as select 1", "select count(*) from pg_prepared_statements", "0"),
        ("declare c cursor with hold for select 1", "select count(*) from pg_cursors", "0"),
        ("listen c", "select count(*) from pg_listening_channels()", "0"),
        ("create temp table t ()", "select to_regclass('t') is null", "t"),
        ("load 'auto_explain'; set auto_explain.log_analyze = on",
         "select current_setting('auto_explain.log_analyze', true)", None),
    ],
)  # fmt: skip
def test_a_session_keeps_to_itself(
    engine: Engine,
    pair: tuple[Session, Session],
    make: str,
    look: str,
    before: str | None,
) -> None:
    one, other = pair
    one.enter()
    run(engine, make)
    mine = value(engine, look)
    assert mine != before
    other.enter()
    assert value(engine, look) == before
    later = engine.open_session()
    later.enter()
    assert value(engine, look) == before
    one.enter()
    assert value(engine, look) == mine


def test_named_and_unnamed_statements_of_the_extended_protocol_stay_apart(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    for number, session in enumerate(pair):
        session.enter()
        for name in ("", "same"):
            engine.exec_protocol_raw(wire.parse(name, f"select {number}") + wire.sync())
    for number, session in enumerate(pair):
        session.enter()
        for name in ("", "same"):
            call = wire.bind("", name) + wire.execute() + wire.sync()
            assert wire.rows(engine.exec_protocol_raw(call)) == [(str(number).encode(),)]


def test_temporary_tables_of_one_name(engine: Engine, pair: tuple[Session, Session]) -> None:
    for session in pair:
        session.enter()
        run(engine, f"create temp table t as select {session.pid} as n; analyze t")
    run(engine, "insert into t select generate_series(1, 10000)")  # beyond the local buffers
    for session, rows in zip(pair, (1, 10001), strict=True):
        session.enter()
        assert run(engine, "select count(*), max(n) from t")[0][0] == str(rows)
    pair[0].close()
    pair[1].enter()
    assert value(engine, "select count(*) from t") == "10001"
    assert value(engine, "select count(*) from pg_class where relname = 't'") == "1"


def test_catalog_changes_are_seen_by_all(engine: Engine, pair: tuple[Session, Session]) -> None:
    one, other = pair
    one.enter()
    run(engine, "create table t (a int); insert into t values (1)")
    other.enter()
    run(engine, "prepare p as select * from t; execute p")
    one.enter()
    run(engine, "alter table t add b text default 'new'")
    other.enter()
    assert run(engine, "select * from t") == [("1", "new")]
    assert sqlstate(engine, "execute p") == "0A000"  # cached plan must not change result type
    run(engine, "create function f() returns int language plpgsql as 'begin return 1; end'")
    one.enter()
    assert value(engine, "select f()") == "1"
    other.enter()
    run(engine, "create or replace function f() returns int language sql as 'select 2'")
    one.enter()
    assert value(engine, "select f()") == "2"
    run(engine, "drop table t")
    other.enter()
    assert sqlstate(engine, "select * from t") == "42P01"
    late = engine.open_session()
    late.enter()
    assert value(engine, "select f()") == "2"


def test_privileges_granted_by_one_hold_for_the_other(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    one, other = pair
    run(engine, "create role reader; create table t as select 1 as n")
    other.enter()
    run(engine, "set role reader")
    assert sqlstate(engine, "select * from t") == "42501"
    one.enter()
    run(engine, "grant select on t to reader")
    other.enter()
    assert value(engine, "select * from t") == "1"
    one.enter()
    run(engine, "revoke select on t from reader")
    other.enter()
    assert sqlstate(engine, "select * from t") == "42501"


def test_sequences_are_shared_and_currval_is_not(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    run(engine, "create sequence s")
    drawn = []
    for session in (*pair, *pair):
        session.enter()
        drawn.append(value(engine, "select nextval('s')"))
    assert drawn == ["1", "2", "3", "4"]
    pair[0].enter()
    assert value(engine, "select currval('s')") == "3"
    engine.open_session().enter()
    assert sqlstate(engine, "select currval('s')") == "55000"


def test_advisory_locks_conflict_and_nobody_waits_for_ever(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    one, other = pair
    one.enter()
    run(engine, "select pg_advisory_lock(7)")
    other.enter()
    assert value(engine, "select pg_try_advisory_lock(7)") == "f"
    assert sqlstate(engine, "select pg_advisory_lock(7)") == "55P03"
    assert value(engine, "select pid from pg_locks where locktype = 'advisory'") == str(one.pid)
    one.enter()
    run(engine, "select pg_advisory_unlock(7)")
    other.enter()
    run(engine, "select pg_advisory_lock(7)")
    other.close()
    assert value(engine, "select pg_try_advisory_lock(7)") == "t"


def test_idle_listeners_are_notified(engine: Engine, pair: tuple[Session, Session]) -> None:
    one, other = pair
    for session in pair:
        session.enter()
        run(engine, "listen news")
    engine.exec_protocol_raw(wire.query("notify news, 'first'; notify news, 'second'"))
    assert engine.signalled_sessions() == [one.pid]
    one.enter()
    assert notifications(engine.exec_protocol_raw(b"")) == [
        (other.pid, "news", "first"),
        (other.pid, "news", "second"),
    ]
    assert engine.signalled_sessions() == []
    assert engine.exec_protocol_raw(b"") == b""


def test_one_terminates_the_other(engine: Engine, pair: tuple[Session, Session]) -> None:
    one, other = pair
    one.enter()
    run(engine, "create temp table t ()")
    other.enter()
    assert value(engine, f"select pg_terminate_backend({one.pid})") == "t"
    assert engine.signalled_sessions() == [one.pid]
    one.enter()
    (error,) = wire.errors(engine.exec_protocol_raw(b""))
    assert (error["S"], error["C"]) == ("FATAL", "57P01")
    with pytest.raises(EngineClosed):
        run(engine, "select 1")
    other.enter()
    assert value(engine, "select count(*) from pg_class where relname = 't'") == "0"
    assert value(engine, f"select pg_terminate_backend({one.pid})") == "f"
    one.close()
    other.enter()
    assert value(engine, "select 1") == "1"


def test_terminate_ends_the_session_alone(engine: Engine, pair: tuple[Session, Session]) -> None:
    one, other = pair
    one.enter()
    engine.exec_protocol_raw(wire.terminate())
    one.close()
    other.enter()
    assert value(engine, "select count(*) from pg_stat_activity") == "2"


def test_an_idle_session_s_timeouts_are_seen_without_a_message(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    one, other = pair
    one.enter()
    run(engine, "set idle_in_transaction_session_timeout = '50ms'")
    run(engine, "begin")
    assert engine.exec_protocol_raw(b"") == b""
    time.sleep(0.1)
    assert wire.sqlstates(engine.exec_protocol_raw(b"")) == ["25P03"]
    with pytest.raises(EngineClosed):
        engine.exec_protocol_raw(b"")
    one.close()
    other.enter()
    assert value(engine, "select 1") == "1"


def test_turns_change_outside_transactions_only(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    one, other = pair
    one.enter()
    run(engine, "begin")
    with pytest.raises(EngineError, match="in a transaction"):
        other.enter()
    with pytest.raises(EngineError, match="in a transaction"):
        engine.open_session()
    assert sqlstate(engine, "nonsense") == "42601"
    with pytest.raises(EngineError, match="in a transaction"):
        other.enter()
    run(engine, "rollback")
    engine.exec_protocol_raw(wire.parse("", "select 1"))  # and no Sync
    with pytest.raises(EngineError, match="in a transaction"):
        other.enter()
    engine.exec_protocol_raw(wire.sync())
    other.enter()


def test_closing_rolls_back(engine: Engine, pair: tuple[Session, Session]) -> None:
    one, other = pair
    run(engine, "create table t (a int)")
    one.enter()
    run(engine, "begin; insert into t values (1); lock table t")
    one.close()
    one.close()
    with pytest.raises(EngineClosed):
        one.enter()
    other.enter()
    assert value(engine, "select count(*) from t") == "0"
    engine.exec_protocol_raw(wire.query("copy t from stdin") + wire.copy_data(b"1\n"))
    other.close()  # in the middle of COPY
    assert value(engine, "select count(*) from t") == "0"


def test_a_session_that_begins_anew_for_a_user(engine: Engine) -> None:
    run(engine, "create role someone login; alter role someone set work_mem = '9MB'")
    with engine.open_session():
        reply = engine.exec_protocol_raw(wire.startup({"user": "someone", "database": "postgres"}))
        assert not wire.errors(reply)
        assert run(engine, "select current_user, session_user") == [("someone", "someone")]
        assert value(engine, "show work_mem") == "9MB"
    assert value(engine, "select current_user") == "postgres"


def test_two_hundred_sessions_come_and_go_without_a_trace(engine: Engine) -> None:
    def use(count: int, make: str, look: str) -> None:
        sessions = [engine.open_session() for _ in range(count)]
        for session in sessions:
            session.enter()
            run(engine, make)
        for session in sessions:
            session.enter()
            assert value(engine, look) == "1"
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
    assert value(engine, "select count(*) from pg_stat_activity") == "1"
    assert value(engine, "select count(*) from pg_locks where pid <> 42") == "0"


def test_too_many_sessions_are_refused() -> None:
    with Engine(settings={"max_connections": "4"}) as engine:
        for _ in range(3):
            engine.open_session()
        with pytest.raises(EngineError, match="too many clients"):
            engine.open_session()
        assert value(engine, "select count(*) from pg_stat_activity") == "4"


def test_heaps_grow_apart(engine: Engine, pair: tuple[Session, Session]) -> None:
    """Beyond what the original had of memory, each has its own too."""
    series = "select repeat('{name}', 100) from generate_series(1, {n})"
    hold = "declare {name} cursor with hold for " + series
    for session, name, rows in zip(pair, "ab", (100_000, 300_000), strict=True):
        session.enter()
        run(engine, "set work_mem = '200MB'")
        run(engine, hold.format(name=name, n=rows))
    for session, name, rows in zip(pair, "ab", (100_000, 300_000), strict=True):
        session.enter()
        last = f"fetch absolute {rows} from {name}"
        assert value(engine, last) == name * 100
        assert run(engine, f"fetch forward all from {name}") == []


def test_dropping_a_database_does_not_wait_for_the_others(
    engine: Engine, pair: tuple[Session, Session]
) -> None:
    one, other = pair
    one.enter()
    run(engine, "create database d")
    run(engine, "drop database d")
    other.enter()
    assert value(engine, "select count(*) from pg_database where datname = 'd'") == "0"


def test_snapshots_are_refused_while_sessions_are_open(engine: Engine) -> None:
    session = engine.open_session()
    with pytest.raises(SnapshotError, match="open sessions"):
        engine.fork()
    session.enter()
    run(engine, "create table t as select 1 as n")
    session.close()
    with engine.fork() as twin:
        assert value(twin, "select n from t") == "1"
        with twin.open_session():
            assert value(twin, "select n from t") == "1"


def test_sessions_of_a_used_engine_and_of_its_copies_begin_afresh(engine: Engine) -> None:
    run(engine, "create table t as select 1 as n; set work_mem = '7MB'; create temp table mine ()")
    with engine.fork() as twin, twin.open_session():
        assert run(twin, "select n from t") == [("1",)]
        assert value(twin, "show work_mem") == "4MB"
        assert value(twin, "select to_regclass('mine') is null") == "t"


def test_a_booted_engine_must_open_one_before_its_use() -> None:
    with Engine(image=False) as engine:
        run(engine, "select 1")
        with pytest.raises(EngineError, match="keep_session"):
            engine.open_session()
        engine.keep_session()
        with engine.open_session():
            assert value(engine, "select 1") == "1"


def test_a_durable_directory_has_what_all_sessions_wrote(ram_path: Path) -> None:
    path = ram_path / "data"
    with Engine(path) as engine:
        sessions = [engine.open_session() for _ in range(3)]
        for number, session in enumerate(sessions):
            session.enter()
            run(engine, f"create table t{number} as select generate_series(1, 1000) as n")
        sessions[0].enter()
        run(engine, "drop table t0; checkpoint")
        sessions[1].close()
        sessions[2].enter()
        run(engine, "insert into t1 values (0)")
    with Engine(path) as engine, engine.open_session():
        assert value(engine, "select count(*) from t1") == "1001"
        assert value(engine, "select count(*) from t2") == "1000"
        assert sqlstate(engine, "select * from t0") == "42P01"


def test_a_killed_engine_has_what_all_sessions_committed(ram_path: Path) -> None:
    """Its directory as a crash leaves it: copied while the engine is open, after a checkpoint."""
    path, copy = ram_path / "data", ram_path / "copy"
    with Engine(path) as engine:
        one, other = engine.open_session(), engine.open_session()
        one.enter()
        run(engine, "create table t (a int); insert into t select generate_series(1, 5000)")
        other.enter()
        run(engine, "create table u (a int); insert into u values (1); checkpoint")
        one.enter()
        run(engine, "insert into t values (0); drop table u")
        run(engine, "begin; insert into t values (-1)")
        shutil.copytree(path, copy, ignore=shutil.ignore_patterns("postmaster.pid", "*.lock"))
    with Engine(copy) as engine:
        assert run(engine, "select count(*), min(a) from t") == [("5001", "0")]
        assert sqlstate(engine, "select * from u") == "42P01"


@pytest.mark.parametrize("seed", range(3))
def test_random_turns_agree_with_a_model(engine: Engine, seed: int) -> None:
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
            continue
        session.enter()
        if action == "set":
            run(engine, f"set work_mem = {number}")
            own["setting"] = number
        elif action == "temp":
            run(engine, f"drop table if exists t; create temp table t as select {number} as n")
            own["temp"] = number
        elif action == "row":
            run(engine, f"begin; insert into rows values ({number})")
            if chance.random() < 0.5:
                run(engine, "commit")
                rows.append(number)
            else:
                run(engine, "rollback")
        elif action == "draw":
            drawn += 1
            assert value(engine, "select nextval('s')") == str(drawn)
        elif action == "lock":
            key = number % 3
            granted = locks.setdefault(key, session) is session
            assert value(engine, f"select pg_try_advisory_lock({key})") == "ft"[granted]
        else:
            setting = "select setting from pg_settings where name = 'work_mem'"
            assert value(engine, setting) == str(own["setting"])
            expected = ("42P01", None) if own["temp"] is None else ("00000", str(own["temp"]))
            assert sqlstate(engine, "select n from t") == expected[0]
            assert expected[1] is None or value(engine, "select n from t") == expected[1]
            assert value(engine, "select sum(n) from rows") == (str(sum(rows)) if rows else None)
            count = "select count(*) from pg_stat_activity"
            assert value(engine, count) == str(1 + len(sessions))
