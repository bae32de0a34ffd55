"""Statements that are cut short: cancelled, timed out, closed over, or called from two threads."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from pglite_native import Engine, EngineBusy, EngineClosed
from tests import wire

pytestmark = pytest.mark.tiers

SELECT_1 = wire.query("SELECT 1")

TEN_MINUTES = {
    "computing": "SELECT count(*) FROM generate_series(1, 4000000000) a",
    "sleeping": "SELECT pg_sleep(600)",
    "sorting": "SELECT count(*) FROM"
    " (SELECT random() r FROM generate_series(1, 30000000) ORDER BY 1) s",
    "plpgsql": "DO 'BEGIN LOOP END LOOP; END'",
    "regular expression": "SELECT repeat('a', 101) ~ '^((a+)\\2)+$'",
    "recursive query": "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t)"
    " SELECT max(n) FROM t",
}

# The promises are 100 ms to cancel and a few to time out; a shared machine may be slow.
CANCEL_SECONDS = 2.0
SETTLE_SECONDS = 0.3  # until a statement in another thread is well under way


def after(seconds: float, action: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


# --- cancel ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", TEN_MINUTES)
def test_cancel_from_another_thread(
    engine: Engine, what: str, record_property: Callable[[str, object], None]
) -> None:
    cancelled_at: list[float] = []

    def cancel() -> None:
        cancelled_at.append(time.monotonic())
        engine.cancel()

    timer = after(SETTLE_SECONDS, cancel)
    reply = engine.exec_protocol_raw(wire.query(TEN_MINUTES[what]))
    ended_at = time.monotonic()
    timer.join()
    seconds = ended_at - cancelled_at[0]
    record_property("cancel_ms", round(seconds * 1000, 1))
    print(f"{what}: cancelled within {seconds * 1000:.1f} ms")
    assert wire.sqlstates(reply) == ["57014"]
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]
    assert seconds < CANCEL_SECONDS


@pytest.mark.parametrize("sql", TEN_MINUTES.values(), ids=TEN_MINUTES)
def test_a_signal_handler_that_raises_cancels(engine: Engine, sql: str) -> None:
    """As Ctrl-C does; SIGALRM, as SIGINT is ignored where a test run is in the background."""

    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, SETTLE_SECONDS)
        begun = time.monotonic()
        with pytest.raises(Interrupted):
            engine.exec_protocol_raw(wire.query(sql))
        assert time.monotonic() - begun < SETTLE_SECONDS + CANCEL_SECONDS
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


def test_cancel_when_idle_does_nothing(engine: Engine) -> None:
    for _ in range(3):
        engine.cancel()
        assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


def test_cancel_between_two_calls_of_a_copy(engine: Engine) -> None:
    """The statement waits for data: it is cancelled when it continues, or not at all."""
    engine.exec_protocol_raw(wire.query("CREATE TEMP TABLE t (a int)"))
    engine.exec_protocol_raw(wire.query("COPY t FROM STDIN"))
    engine.cancel()
    reply = engine.exec_protocol_raw(wire.copy_data(b"1\n") + wire.copy_done())
    assert wire.sqlstates(reply) in ([], ["57014"])
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


def test_cancel_in_a_pipeline_ends_one_statement(engine: Engine) -> None:
    pipeline = wire.query("SELECT pg_sleep(600)") + SELECT_1
    timer = after(SETTLE_SECONDS, engine.cancel)
    reply = engine.exec_protocol_raw(pipeline)
    timer.join()
    assert wire.sqlstates(reply) == ["57014"]
    assert wire.rows(reply) == [(b"1",)]


def test_cancel_over_and_over(engine: Engine) -> None:
    """At any moment, between statements too."""
    stop = threading.Event()

    def cancel() -> None:
        while not stop.is_set():
            engine.cancel()
            time.sleep(0.001)

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        for _ in range(300):
            reply = engine.exec_protocol_raw(
                wire.query("SELECT sum(g) FROM generate_series(1, 900) g")
            )
            assert wire.sqlstates(reply) in ([], ["57014"])
    finally:
        stop.set()
        thread.join()
    engine.exec_protocol_raw(SELECT_1)  # may still take the last one
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


def test_cancel_is_caught_by_no_exception_block(engine: Engine) -> None:
    sql = "DO 'BEGIN LOOP BEGIN LOOP END LOOP; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END'"
    timer = after(SETTLE_SECONDS, engine.cancel)
    reply = engine.exec_protocol_raw(wire.query(sql))
    timer.join()
    assert wire.sqlstates(reply) == ["57014"]


# --- timeouts -------------------------------------------------------------------------------


@pytest.mark.parametrize("what", TEN_MINUTES)
def test_statement_timeout(engine: Engine, what: str) -> None:
    engine.exec_protocol_raw(wire.query("SET statement_timeout = '200ms'"))
    started = time.monotonic()
    reply = engine.exec_protocol_raw(wire.query(TEN_MINUTES[what]))
    seconds = time.monotonic() - started
    assert wire.sqlstates(reply) == ["57014"]
    assert "statement timeout" in wire.errors(reply)[0]["M"]
    assert 0.19 < seconds < 0.2 + CANCEL_SECONDS
    time.sleep(0.3)  # a timer left running would strike here
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


def test_statement_timeout_is_by_statement(engine: Engine) -> None:
    engine.exec_protocol_raw(wire.query("SET statement_timeout = '400ms'"))
    for _ in range(3):
        reply = engine.exec_protocol_raw(wire.query("SELECT pg_sleep(0.2)"))
        assert wire.errors(reply) == []


def test_transaction_timeout_ends_the_session() -> None:
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query("SET transaction_timeout = '200ms'"))
        reply = engine.exec_protocol_raw(wire.query("BEGIN") + wire.query("SELECT pg_sleep(600)"))
        (fields,) = wire.errors(reply)
        assert (fields["V"], fields["C"]) == ("FATAL", "25P04")
        with pytest.raises(EngineClosed):
            engine.exec_protocol_raw(SELECT_1)


@pytest.mark.parametrize(
    ("setting", "begin", "sqlstate"),
    [
        ("idle_in_transaction_session_timeout", "BEGIN", "25P03"),
        ("idle_session_timeout", "SELECT 1", "57P05"),
        ("transaction_timeout", "BEGIN", "25P04"),
    ],
)
def test_idle_timeouts_end_the_session(setting: str, begin: str, sqlstate: str) -> None:
    """No thread runs the guest while it is idle, so the end comes with the next call."""
    with Engine() as engine:
        engine.exec_protocol_raw(wire.query(f"SET {setting} = '100ms'") + wire.query(begin))
        time.sleep(0.3)
        (fields,) = wire.errors(engine.exec_protocol_raw(SELECT_1))
        assert (fields["V"], fields["C"]) == ("FATAL", sqlstate)
        with pytest.raises(EngineClosed):
            engine.exec_protocol_raw(SELECT_1)


@pytest.mark.parametrize("setting", ["idle_in_transaction_session_timeout", "idle_session_timeout"])
def test_idle_timeouts_spare_the_quick(engine: Engine, setting: str) -> None:
    engine.exec_protocol_raw(wire.query(f"SET {setting} = '10s'"))
    for statement in ("BEGIN", "SELECT pg_sleep(0.1)", "COMMIT", "SELECT 1"):
        assert wire.errors(engine.exec_protocol_raw(wire.query(statement))) == []


def test_lock_timeout_is_armed_and_disarmed(engine: Engine) -> None:
    """A session is never in its own way, so it cannot strike; it must not strike late either."""
    engine.exec_protocol_raw(wire.query("SET lock_timeout = '50ms'"))
    engine.exec_protocol_raw(wire.query("CREATE TEMP TABLE t (a int)"))
    reply = engine.exec_protocol_raw(
        wire.query("BEGIN; LOCK TABLE t; SELECT pg_advisory_xact_lock(1), pg_sleep(0.2); COMMIT")
    )
    assert wire.errors(reply) == []


# --- pg_terminate_backend, pg_cancel_backend ------------------------------------------------


def test_terminate_backend_of_another_process(engine: Engine) -> None:
    reply = engine.exec_protocol_raw(wire.query("SELECT pg_terminate_backend(999999)"))
    assert wire.rows(reply) == [(b"f",)]
    assert [fields["S"] for kind, fields in _told(reply) if kind == "N"] == ["WARNING"]


def test_terminate_backend_of_itself() -> None:
    with Engine() as engine:
        reply = engine.exec_protocol_raw(
            wire.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)")
        )
        (fields,) = wire.errors(reply)
        assert (fields["V"], fields["C"]) == ("FATAL", "57P01")
        with pytest.raises(EngineClosed):
            engine.exec_protocol_raw(SELECT_1)


def test_cancel_backend_of_itself(engine: Engine) -> None:
    reply = engine.exec_protocol_raw(wire.query("SELECT pg_cancel_backend(pg_backend_pid())"))
    assert wire.sqlstates(reply) == ["57014"]
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


# --- threads --------------------------------------------------------------------------------


def test_second_thread_is_refused_at_once(engine: Engine) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.exec_protocol_raw, wire.query("SELECT pg_sleep(600)"))
        time.sleep(SETTLE_SECONDS)
        started = time.monotonic()
        with pytest.raises(EngineBusy):
            engine.exec_protocol_raw(SELECT_1)
        with pytest.raises(EngineBusy):
            engine.exec_protocol_stream(SELECT_1)
        assert time.monotonic() - started < 0.5
        engine.cancel()
        assert wire.sqlstates(running.result()) == ["57014"]
    assert wire.rows(engine.exec_protocol_raw(SELECT_1)) == [(b"1",)]


def test_other_threads_run_while_sql_does(engine: Engine) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.exec_protocol_raw, wire.query(TEN_MINUTES["computing"]))
        ticks = 0
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            ticks += 1
        engine.cancel()
        running.result()
    assert ticks > 10_000  # with the GIL held it would be a handful


def test_threads_take_turns(engine: Engine) -> None:
    """Many threads, one at a time: a busy engine is an exception, never a mixed-up answer."""

    def ask(number: int) -> None:
        for _ in range(20):
            while True:
                try:
                    reply = engine.exec_protocol_raw(wire.query(f"SELECT {number}"))
                    break
                except EngineBusy:
                    time.sleep(0.0005)
            assert wire.rows(reply) == [(str(number).encode(),)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))


@pytest.mark.parametrize("what", TEN_MINUTES)
def test_close_during_a_statement(what: str) -> None:
    engine = Engine()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.exec_protocol_raw, wire.query(TEN_MINUTES[what]))
        time.sleep(SETTLE_SECONDS)
        started = time.monotonic()
        engine.close()
        assert time.monotonic() - started < CANCEL_SECONDS
        with suppress(EngineClosed):
            assert wire.sqlstates(running.result(CANCEL_SECONDS)) == ["57014"]
    with pytest.raises(EngineClosed):
        engine.exec_protocol_raw(SELECT_1)


def test_close_by_many_threads() -> None:
    engine = Engine()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: engine.close(), range(8)))
    with pytest.raises(EngineClosed):
        engine.exec_protocol_raw(SELECT_1)


def _told(reply: bytes) -> list[tuple[str, dict[str, str]]]:
    return [
        (kind, wire.report(payload)) for kind, payload in wire.split(reply) if kind in ("E", "N")
    ]
