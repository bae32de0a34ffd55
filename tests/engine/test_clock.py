"""Time and chance under control: what PostgreSQL believes of them, and what repeats."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pglite_native import Engine, EngineBusy, EngineClosed, EngineError
from tests import wire
from tests.engine.sql import run, sqlstate, value

UTC = timezone.utc
LEAP_DAY = datetime(2024, 2, 29, 12, 30, 15, 123457, UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

NOW = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
# Sleeping is to take no time, or to end by a cancel; a shared machine may be slow.
AT_ONCE_SECONDS = 5.0
SETTLE_SECONDS = 0.3  # until a statement in another thread is well under way


def now(engine: Engine) -> datetime:
    return datetime.fromisoformat(str(value(engine, NOW))).replace(tzinfo=UTC)


@pytest.fixture
def frozen() -> Iterator[Engine]:
    """An engine whose clock stands at noon of a leap day, half past and some."""
    with Engine(clock=LEAP_DAY) as engine:
        yield engine


@contextmanager
def at_once() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < AT_ONCE_SECONDS


# --- the clock that stands --------------------------------------------------------------------


def test_the_clock_is_the_real_one_unless_told_otherwise(engine: Engine) -> None:
    assert abs(now(engine) - datetime.now(UTC)) < MINUTE
    before = now(engine)
    time.sleep(0.01)
    assert now(engine) >= before + timedelta(milliseconds=10)


def test_a_frozen_clock_stands_from_the_start_on(frozen: Engine) -> None:
    transaction, statement, clock, day = run(
        frozen, "SELECT now(), statement_timestamp(), clock_timestamp(), current_date"
    )[0]
    assert clock == "2024-02-29 12:30:15.123457+00"
    assert (transaction, statement) == (clock, clock)
    assert day == "2024-02-29"
    time.sleep(0.05)
    run(frozen, "SELECT count(*) FROM generate_series(1, 100000)")
    assert now(frozen) == LEAP_DAY


@pytest.mark.parametrize("year", [1970, 1999, 2038, 2039, 2100])
def test_every_microsecond_arrives(frozen: Engine, year: int) -> None:
    for microsecond in (0, 1, 2, 499999, 500000, 999998, 999999, 123456, 333333, 654321):
        point = datetime(year, 12, 31, 23, 59, 59, microsecond, UTC)
        frozen.set_time(point)
        assert now(frozen) == point


def test_set_time_freezes_an_engine_that_was_opened_with_the_real_clock() -> None:
    with Engine() as engine:
        engine.set_time(LEAP_DAY)
        assert now(engine) == LEAP_DAY
        engine.set_time(None)
        assert abs(now(engine) - datetime.now(UTC)) < MINUTE
        start = time.monotonic()
        run(engine, "SELECT pg_sleep(0.2)")  # really sleeps again
        assert time.monotonic() - start > 0.15
        engine.set_time(None)  # running already: nothing


def test_any_time_zone_will_do(frozen: Engine) -> None:
    frozen.set_time(datetime(2024, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    assert now(frozen) == datetime(2024, 1, 1, tzinfo=UTC)


def test_postgres_knows_daylight_saving(frozen: Engine) -> None:
    run(frozen, "SET timezone = 'Europe/Berlin'")
    frozen.set_time(datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC))
    assert value(frozen, "SELECT now()") == "2024-03-31 01:59:59+01"
    frozen.advance(SECOND)
    assert value(frozen, "SELECT now()") == "2024-03-31 03:00:00+02"


def test_midnight_is_another_day(frozen: Engine) -> None:
    frozen.set_time(datetime(2023, 12, 31, 23, 59, 59, 999999, UTC))
    assert value(frozen, "SELECT current_date") == "2023-12-31"
    frozen.advance(timedelta(microseconds=1))
    assert value(frozen, "SELECT current_date") == "2024-01-01"


def test_a_transaction_keeps_its_time_and_the_clock_goes_on(frozen: Engine) -> None:
    run(frozen, "BEGIN")
    started = value(frozen, "SELECT now()")
    frozen.advance(HOUR)
    assert value(frozen, "SELECT now()") == started
    assert now(frozen) == LEAP_DAY + HOUR
    run(frozen, "COMMIT")


def test_time_can_be_set_within_a_copy(frozen: Engine) -> None:
    run(frozen, "CREATE TEMP TABLE t (i int, at timestamptz DEFAULT clock_timestamp())")
    frozen.exec_protocol_raw(wire.query("COPY t (i) FROM STDIN"))
    for i in range(3):
        frozen.exec_protocol_raw(wire.copy_data(b"%d\n" % i))
        frozen.advance(DAY)
    frozen.exec_protocol_raw(wire.copy_done())
    days = [row[0] for row in run(frozen, "SELECT at::date FROM t ORDER BY i")]
    assert days == ["2024-02-29", "2024-03-01", "2024-03-02"]


def test_the_clock_can_be_set_back(frozen: Engine) -> None:
    frozen.set_time(LEAP_DAY - 1000 * DAY)
    assert now(frozen) == LEAP_DAY - 1000 * DAY
    run(frozen, "SET statement_timeout = '1s'")
    assert sqlstate(frozen, "SELECT pg_sleep(10)") == "57014"
    run(frozen, "SET statement_timeout = 0")
    assert now(frozen) == LEAP_DAY - 1000 * DAY + SECOND


def test_explain_analyze_measures_nothing(frozen: Engine) -> None:
    plan = run(frozen, "EXPLAIN ANALYZE SELECT count(*) FROM generate_series(1, 10000)")
    text = "\n".join(str(line) for (line,) in plan)
    assert "(actual time=0.000..0.000 rows=10000.00 loops=1)" in text
    assert "Execution Time: 0.000 ms" in text


def test_files_have_its_time(frozen: Engine) -> None:
    frozen.advance(DAY)
    run(frozen, "CREATE TABLE made (i int); CHECKPOINT")
    modified = value(
        frozen,
        "SELECT (pg_stat_file(pg_relation_filepath('made'))).modification AT TIME ZONE 'UTC'",
    )
    assert modified == "2024-03-01 12:30:15"  # PostgreSQL shows whole seconds


def test_identifiers_by_time_have_its_time(frozen: Engine) -> None:
    extracted = value(frozen, "SELECT uuid_extract_timestamp(uuidv7()) AT TIME ZONE 'UTC'")
    assert extracted == "2024-02-29 12:30:15.123"


def test_a_durable_directory_has_a_clock_too(ram_path: Path) -> None:
    with Engine(ram_path / "data", clock=LEAP_DAY) as engine:
        run(engine, "CREATE TABLE t AS SELECT now() AS at")
    with Engine(ram_path / "data", clock=LEAP_DAY + DAY) as engine:
        assert value(engine, "SELECT now() - at FROM t") == "1 day"
        engine.advance(DAY)
        assert value(engine, "SELECT now() - at FROM t") == "2 days"


def test_initdb_runs_at_its_time() -> None:
    with Engine(clock=LEAP_DAY, initdb_args=["--no-sync"]) as engine:
        modified = value(engine, "SELECT (pg_stat_file('PG_VERSION')).modification::date")
        assert modified == "2024-02-29"


# --- sleeping ---------------------------------------------------------------------------------


def test_sleeping_takes_no_time_and_moves_the_clock(frozen: Engine) -> None:
    with at_once():
        run(frozen, "SELECT pg_sleep(10)")
        assert is_just_after(now(frozen), LEAP_DAY + 10 * SECOND)
        run(frozen, "SELECT pg_sleep_for('3 hours')")
        assert is_just_after(now(frozen), LEAP_DAY + 10 * SECOND + 3 * HOUR)
        run(frozen, "SELECT pg_sleep_until('2024-03-01 00:00:00+00')")
        assert is_just_after(now(frozen), datetime(2024, 3, 1, tzinfo=UTC))


def is_just_after(time: datetime, expected: datetime) -> bool:
    """PostgreSQL sleeps in whole milliseconds, and anew after a timer of its own."""
    return 0 * SECOND <= time - expected < 2 * SECOND / 1000


def test_vacuum_rests_in_no_time(frozen: Engine) -> None:
    run(frozen, "CREATE TABLE t AS SELECT i FROM generate_series(1, 20000) i; DELETE FROM t")
    run(frozen, "SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
    with at_once():
        run(frozen, "VACUUM t")
    assert now(frozen) > LEAP_DAY + 5 * SECOND


def test_an_endless_wait_is_one(frozen: Engine) -> None:
    """A lock that is never released, after the deadlock check has taken its time."""
    with Engine(clock=LEAP_DAY, settings={"max_prepared_transactions": "1"}) as engine:
        run(engine, "CREATE TABLE t (i int)")
        run(engine, "BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'holder'")
        assert ended_by(engine.cancel, engine, "SELECT * FROM t") == "57014"
        assert now(engine) < LEAP_DAY + HOUR


def test_who_sleeps_beyond_the_end_of_time_waits(frozen: Engine) -> None:
    frozen.set_time(datetime(2262, 4, 11, tzinfo=UTC))
    spent = time.process_time()
    assert ended_by(frozen.cancel, frozen, "SELECT pg_sleep(1e9)") == "57014"
    assert time.process_time() - spent < 1.0 + SETTLE_SECONDS / 2
    assert now(frozen).year == 2262


@pytest.mark.parametrize(
    "sql",
    ["SELECT pg_sleep('infinity')", "SELECT count(*) FROM generate_series(1, 4000000000)"],
    ids=["sleeping", "computing"],
)
def test_cancel_comes_in_real_time(frozen: Engine, sql: str) -> None:
    assert ended_by(frozen.cancel, frozen, sql) == "57014"
    assert value(frozen, "SELECT 1") == "1"


def test_close_comes_in_real_time(frozen: Engine) -> None:
    run(frozen, "SET statement_timeout = 0")
    ended_by(frozen.close, frozen, "SELECT pg_sleep('infinity')")
    with pytest.raises(EngineClosed):
        frozen.advance(SECOND)
    with pytest.raises(EngineClosed):
        frozen.set_time(None)


def ended_by(action: Callable[[], None], engine: Engine, sql: str) -> str | None:
    """The SQLSTATE of a statement during which another thread acts."""
    timer = threading.Timer(SETTLE_SECONDS, action)
    timer.start()
    start = time.monotonic()
    try:
        return sqlstate(engine, sql)
    except EngineClosed:
        return None
    finally:
        timer.join()
        assert SETTLE_SECONDS * 0.9 < time.monotonic() - start < AT_ONCE_SECONDS


# --- timeouts ---------------------------------------------------------------------------------


def test_statement_timeout_cuts_a_sleep_short(frozen: Engine) -> None:
    run(frozen, "SET statement_timeout = '90s'")
    with at_once():
        assert sqlstate(frozen, "SELECT pg_sleep(600)") == "57014"
    assert now(frozen) == LEAP_DAY + 90 * SECOND


def test_computing_takes_no_time(frozen: Engine) -> None:
    run(frozen, "SET statement_timeout = '1ms'")
    assert value(frozen, "SELECT count(*) FROM generate_series(1, 200000)") == "200000"


def test_lock_timeout(frozen: Engine) -> None:
    with Engine(clock=LEAP_DAY, settings={"max_prepared_transactions": "1"}) as engine:
        run(engine, "CREATE TABLE t (i int)")
        run(engine, "BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'holder'")
        run(engine, "SET lock_timeout = '1h'")
        with at_once():
            assert sqlstate(engine, "SELECT * FROM t") == "55P03"
        assert now(engine) == LEAP_DAY + HOUR


IDLE_TIMEOUTS = {
    "idle_session_timeout": ("SELECT 1", "57P05"),
    "idle_in_transaction_session_timeout": ("BEGIN", "25P03"),
    "transaction_timeout": ("BEGIN", "25P04"),
}


@pytest.mark.parametrize("name", IDLE_TIMEOUTS)
def test_advancing_lets_timeouts_expire(frozen: Engine, name: str) -> None:
    first, expected = IDLE_TIMEOUTS[name]
    run(frozen, f"SET {name} = '10min'")
    run(frozen, first)
    frozen.advance(9 * MINUTE)
    frozen.advance(59 * SECOND)
    assert sqlstate(frozen, "SELECT 1") == "00000"
    frozen.advance(10 * MINUTE)
    assert sqlstate(frozen, "SELECT 1") == expected
    with pytest.raises(EngineClosed, match="session has ended"):
        frozen.advance(MINUTE)


@pytest.mark.parametrize("name", IDLE_TIMEOUTS)
@pytest.mark.parametrize("days", [-1000, 1000])
def test_setting_the_clock_lets_no_time_pass(frozen: Engine, name: str, days: int) -> None:
    first, _ = IDLE_TIMEOUTS[name]
    run(frozen, f"SET {name} = '10min'")
    run(frozen, first)
    frozen.set_time(LEAP_DAY + days * DAY)
    assert now(frozen) == LEAP_DAY + days * DAY


def test_a_timeout_begins_anew_on_a_clock_that_was_set_back(frozen: Engine) -> None:
    """One that was running goes by the time of day, as on a server, and comes a day late."""
    run(frozen, "SET idle_session_timeout = '10min'")
    frozen.set_time(LEAP_DAY - DAY)
    frozen.advance(11 * MINUTE)
    assert sqlstate(frozen, "SELECT 1") == "00000"
    frozen.advance(11 * MINUTE)
    assert sqlstate(frozen, "SELECT 1") == "57P05"


def test_what_is_left_of_a_timeout_stays_when_clocks_change() -> None:
    """10 minutes: 6 of them pass frozen, some milliseconds really, and 5 frozen again."""
    with Engine() as engine:
        run(engine, "SET idle_session_timeout = '10min'")
        engine.set_time(LEAP_DAY + 20000 * DAY)
        engine.advance(6 * MINUTE)
        engine.set_time(None)
        engine.set_time(LEAP_DAY + 10000 * DAY)
        engine.advance(5 * MINUTE)
        assert sqlstate(engine, "SELECT 1") == "57P05"


# --- chance -----------------------------------------------------------------------------------

CHANCE = (
    "SELECT random(), random(1, 1000000), random_normal(), gen_random_uuid(), uuidv4(), uuidv7(),"
    " (SELECT string_agg(i::text, ',' ORDER BY random()) FROM generate_series(1, 50) i)"
)


def test_the_same_seed_gives_the_same_chance() -> None:
    with Engine(seed=2**64 - 1) as a, Engine(seed=2**64 - 1) as b:
        sql = CHANCE.replace("uuidv7()", "1")  # that one is made of the real time, too
        assert run(a, sql) == run(b, sql)
        assert run(a, sql) != run(a, sql)


@pytest.mark.parametrize("seeds", [(None, None), (0, 1), (1, None)])
def test_else_chances_differ(seeds: tuple[int | None, int | None]) -> None:
    with Engine(clock=LEAP_DAY, seed=seeds[0]) as a, Engine(clock=LEAP_DAY, seed=seeds[1]) as b:
        (one,), (other,) = run(a, CHANCE), run(b, CHANCE)
        assert all(x != y for x, y in zip(one, other, strict=True))


# Whatever shows times, counters, positions, chance; a line is a message.
SCRIPT = """
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x float8 DEFAULT random(),
    at timestamptz DEFAULT clock_timestamp(), u uuid DEFAULT gen_random_uuid(), v uuid
    DEFAULT uuidv7())
INSERT INTO t (x) SELECT random() FROM generate_series(1, 500)
SELECT ctid, xmin, cmin, tableoid::int, * FROM t ORDER BY random() LIMIT 20
SELECT * FROM t TABLESAMPLE BERNOULLI (5)
SELECT * FROM t TABLESAMPLE SYSTEM (50)
CREATE EXTENSION pgcrypto
SELECT gen_salt('bf'), gen_salt('md5'), crypt('x', gen_salt('bf', 4)), gen_random_bytes(16)
SELECT encode(pgp_sym_encrypt('text', 'key'), 'hex')
EXPLAIN (ANALYZE, BUFFERS, WAL) INSERT INTO t (x) SELECT sum(random()) FROM t GROUP BY id % 7
EXPLAIN (ANALYZE, VERBOSE) SELECT count(*) FROM t a JOIN t b USING (id)
SELECT * FROM pg_stat_activity
SELECT * FROM pg_stat_database
SELECT * FROM pg_stat_user_tables
SELECT * FROM pg_stat_io
SELECT * FROM pg_stat_wal
SELECT pg_stat_force_next_flush()
SELECT * FROM pg_stat_user_tables
LISTEN news
SELECT pg_notify('news', clock_timestamp()::text)
SELECT 1 / 0
SELECT * FROM missing
DO $$ BEGIN RAISE NOTICE '% %', random(), clock_timestamp(); END $$
SELECT name, pg_stat_file(name) FROM unnest(ARRAY['base', 'PG_VERSION', 'global/pg_control']) name
SELECT *, pg_stat_file('pg_wal/' || name) FROM pg_ls_waldir()
SELECT pg_sleep(2.5), timeofday()
SELECT pg_sleep(random()), clock_timestamp(), now(), current_date, localtime, pg_conf_load_time()
SET statement_timeout = '1s'; SELECT pg_sleep(10)
SELECT clock_timestamp(); SET statement_timeout = 0
SELECT count(*) FROM generate_series(1, 200000)
SELECT pg_current_wal_lsn(), pg_current_xact_id(), pg_control_checkpoint()
BEGIN; SAVEPOINT s; DELETE FROM t WHERE x < 0.5; ROLLBACK TO s; COMMIT
VACUUM (ANALYZE, VERBOSE) t
SELECT * FROM pg_stats WHERE tablename = 't'
CREATE TEMP TABLE big AS SELECT random() r FROM generate_series(1, 20000)
SELECT md5(string_agg(r::text, ',' ORDER BY r)) FROM big
CREATE ROLE alice PASSWORD 'secret'; SELECT rolpassword FROM pg_authid WHERE rolname = 'alice'
CREATE DATABASE other
SELECT oid, * FROM pg_database
CHECKPOINT
SELECT * FROM pg_stat_checkpointer
SELECT * FROM pg_backend_memory_contexts
SELECT name, setting FROM pg_settings
COPY t TO STDOUT
DROP TABLE t, big; DROP ROLE alice; DROP EXTENSION pgcrypto
DROP DATABASE other
"""
STATEMENTS = [line for line in SCRIPT.replace("\n    ", " ").splitlines() if line]


def replies(seed: int = 5) -> list[bytes]:
    with Engine(clock=LEAP_DAY, seed=seed) as engine:
        heard = [engine.exec_protocol_raw(wire.startup({"user": "postgres"}))]
        for _ in range(2):
            heard += [engine.exec_protocol_raw(wire.query(sql)) for sql in STATEMENTS]
            engine.advance(MINUTE)
            heard.append(engine.exec_protocol_raw(wire.extended(CHANCE)))
        return heard


def digest(heard: list[bytes]) -> str:
    return hashlib.sha256(b"".join(heard)).hexdigest()


def test_the_same_seed_clock_and_input_give_the_same_bytes() -> None:
    one, same, other = replies(), replies(), replies(seed=6)
    errors = [state for reply in one for state in wire.sqlstates(reply)]
    assert errors == ["22012", "42P01", "57014"] * 2
    rounds = ["startup", *[*STATEMENTS, CHANCE] * 2]
    assert [sql for sql, x, y in zip(rounds, one, same, strict=True) if x != y] == []
    assert one != other


def test_the_same_bytes_in_another_process() -> None:
    program = "from tests.engine.test_clock import digest, replies; print(digest(replies()))"
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert printed.stdout.strip() == digest(replies())


# --- forks ------------------------------------------------------------------------------------


def test_forks_of_a_seeded_engine_go_on_alike() -> None:
    with Engine(clock=LEAP_DAY, seed=4) as engine:
        engine.advance(HOUR)
        with engine.fork() as one, engine.fork() as other:
            for _ in range(3):
                assert run(one, CHANCE) == run(other, CHANCE)
                assert now(one) == now(other) == LEAP_DAY + HOUR
                for fork in (one, other):
                    fork.advance(DAY)
                    fork.set_time(LEAP_DAY + HOUR)


def test_forks_of_others_share_the_time_and_not_the_chance(frozen: Engine) -> None:
    frozen.advance(HOUR)
    with frozen.fork() as one, frozen.fork() as other:
        assert now(one) == now(other) == LEAP_DAY + HOUR
        (drawn,), (otherwise,) = run(one, CHANCE), run(other, CHANCE)
        assert all(x != y for x, y in zip(drawn, otherwise, strict=True))


def test_time_passes_in_one_fork_alone(frozen: Engine) -> None:
    run(frozen, "SET idle_session_timeout = '10min'")
    with frozen.fork() as fork:
        fork.advance(HOUR)
        assert sqlstate(fork, "SELECT 1") == "57P05"
        assert now(frozen) == LEAP_DAY


def test_restoring_brings_time_and_chance_back() -> None:
    with Engine(clock=LEAP_DAY, seed=4) as engine:
        snapshot = engine.snapshot()
        heard = []
        for _ in range(3):
            heard.append(run(engine, CHANCE))
            engine.advance(DAY)
            engine.restore(snapshot)
            assert now(engine) == LEAP_DAY
        assert heard[0] == heard[1] == heard[2]


def test_a_snapshot_does_not_grow_older() -> None:
    """What is left of a timeout when it is taken is left when it is looked at."""
    with Engine(settings={"idle_session_timeout": "2s"}) as engine:
        run(engine, "SELECT 1")
        snapshot = engine.snapshot()
        time.sleep(2.2)
        with Engine(image=snapshot) as fork:
            assert abs(now(fork) - datetime.now(UTC)) < MINUTE
            assert sqlstate(fork, "SELECT 1") == "00000"
        assert sqlstate(engine, "SELECT 1") == "57P05"


def test_an_image_of_running_clocks_repeats_when_they_are_stopped() -> None:
    """With a timer in it that has some nanoseconds, which no sleep of the forks may show."""
    with Engine() as engine:
        run(engine, "SET idle_session_timeout = '3s'")
        snapshot = engine.snapshot()
    ends = set()
    for _ in range(5):
        with Engine(image=snapshot, clock=LEAP_DAY, seed=1) as fork:
            run(fork, "SELECT pg_sleep(60)")
            ends.add(now(fork))
    assert len(ends) == 1


def test_a_snapshot_can_be_looked_at_another_day(frozen: Engine) -> None:
    snapshot = frozen.snapshot()
    with Engine(image=snapshot) as same, Engine(image=snapshot, clock=LEAP_DAY + DAY) as later:
        assert (now(same), now(later)) == (LEAP_DAY, LEAP_DAY + DAY)
        same.set_time(None)
        assert abs(now(same) - datetime.now(UTC)) < MINUTE


# --- refusals ---------------------------------------------------------------------------------


def test_a_time_without_zone_is_refused(engine: Engine) -> None:
    naive = LEAP_DAY.replace(tzinfo=None)
    with pytest.raises(ValueError, match="tzinfo"):
        Engine(clock=naive)
    with pytest.raises(ValueError, match="tzinfo"):
        engine.set_time(naive)


@pytest.mark.parametrize(
    "point",
    [
        datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(1970, 1, 1, tzinfo=timezone(HOUR)),
        datetime(2262, 4, 11, 23, 47, 16, 854776, UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_a_time_out_of_range_is_refused(engine: Engine, point: datetime) -> None:
    with pytest.raises(ValueError, match=r"range, 1970-01-01 .* 2262-04-11"):
        engine.set_time(point)


def test_the_ends_of_the_range(frozen: Engine) -> None:
    first = datetime(1970, 1, 1, tzinfo=UTC)
    frozen.set_time(first)
    assert now(frozen) == first
    last = datetime(2262, 4, 11, 23, 47, 16, tzinfo=UTC)
    near = last - 10 * MINUTE  # a mapped engine's other clock, which ends as well, is a bit ahead
    frozen.advance(near - first)
    assert now(frozen) == near
    with pytest.raises(EngineError, match="2262"):
        frozen.advance(11 * MINUTE)
    frozen.set_time(last)
    assert now(frozen) == last


@pytest.mark.parametrize("duration", [-timedelta(microseconds=1), timedelta.min, timedelta.max])
def test_a_duration_out_of_range_is_refused(frozen: Engine, duration: timedelta) -> None:
    with pytest.raises(ValueError, match="set_time" if duration < 0 * SECOND else "range"):
        frozen.advance(duration)
    assert now(frozen) == LEAP_DAY


def test_the_real_clock_cannot_be_advanced(engine: Engine) -> None:
    with pytest.raises(EngineError, match="set a time first"):
        engine.advance(SECOND)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=r"2\*\*64"):
        Engine(seed=seed)


def test_refused_while_a_call_runs(frozen: Engine) -> None:
    refused: list[BaseException] = []

    def interfere() -> None:
        try:
            frozen.set_time(None)
        except EngineBusy as error:
            refused.append(error)
        try:
            frozen.advance(DAY)
        except EngineBusy as error:
            refused.append(error)
        frozen.cancel()

    assert ended_by(interfere, frozen, "SELECT count(*) FROM generate_series(1, 4000000000)")
    assert len(refused) == 2
    assert now(frozen) == LEAP_DAY


def test_refused_while_a_stream_is_open(frozen: Engine) -> None:
    stream = frozen.exec_protocol_stream(wire.query("SELECT repeat('x', 1000000)"))
    next(stream)
    with pytest.raises(EngineBusy, match="stream"):
        frozen.advance(DAY)
    with pytest.raises(EngineBusy, match="stream"):
        frozen.set_time(None)
    stream.close()
    frozen.advance(DAY)
    assert now(frozen) == LEAP_DAY + DAY
