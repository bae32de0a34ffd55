"""Signals and sleeping, where comparing answers with native PostgreSQL's does not say it all.

tests/oracle/corpus/signals.script does that. Here: settings that are read again, and a processor
that rests meanwhile.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pglite_native import Engine
from tests import wire
from tests.engine.sql import run, sqlstate, value

# Of the time that is slept: what is left to a busy machine to be surprised with.
MOSTLY_IDLE = 0.2


@contextmanager
def resting(at_least_seconds: float) -> Iterator[None]:
    """What runs in it takes so long, and hardly any processor time."""
    started, busy = time.monotonic(), time.thread_time()
    yield
    elapsed = time.monotonic() - started
    assert elapsed >= at_least_seconds
    assert time.thread_time() - busy < elapsed * MOSTLY_IDLE


# --- settings -------------------------------------------------------------------------------


def test_reload_reads_what_alter_system_wrote() -> None:
    with Engine() as engine:
        run(engine, "ALTER SYSTEM SET work_mem = '7MB'")
        assert value(engine, "SHOW work_mem") == "4MB"
        assert value(engine, "SELECT pg_reload_conf()") == "t"
        assert value(engine, "SHOW work_mem") == "7MB"
        run(engine, "ALTER SYSTEM RESET work_mem")
        run(engine, "SELECT pg_reload_conf()")
        assert value(engine, "SHOW work_mem") == "4MB"


def test_reload_reads_a_data_directory_s_file(tmp_path: Path) -> None:
    with Engine(tmp_path / "data") as engine:
        with (tmp_path / "data" / "postgresql.conf").open("a") as settings:
            settings.write("work_mem = '9MB'\nmax_prepared_transactions = 7\n")
        run(engine, "SELECT pg_reload_conf()")
        assert value(engine, "SHOW work_mem") == "9MB"
        restart = "SELECT pending_restart FROM pg_settings WHERE name = 'max_prepared_transactions'"
        assert value(engine, restart) == "t"
    with Engine(tmp_path / "data") as engine:
        assert value(engine, "SHOW max_prepared_transactions") == "7"


def test_reload_in_a_transaction_waits_for_the_next_command() -> None:
    with Engine() as engine:
        run(engine, "ALTER SYSTEM SET work_mem = '7MB'")
        reply = "SELECT pg_reload_conf(); SELECT current_setting('work_mem')"
        assert run(engine, reply) == [("t",), ("4MB",)]
        assert value(engine, "SHOW work_mem") == "7MB"


def test_memory_contexts_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with Engine() as engine, caplog.at_level(logging.DEBUG, "pglite_native"):
        run(engine, "SELECT pg_log_backend_memory_contexts(pg_backend_pid())")
        run(engine, "SELECT 1")
    assert "logging memory contexts of PID" in caplog.text
    assert "level: 1; TopMemoryContext" in caplog.text


# --- sleeping -------------------------------------------------------------------------------


def test_pg_sleep(engine: Engine) -> None:
    with resting(1.0):
        assert run(engine, "SELECT pg_sleep(1)") == [("",)]


def test_pg_sleep_under_timers(engine: Engine) -> None:
    """Signals interrupt the sleep; it continues for the time that is left."""
    run(engine, "SET statement_timeout = '60s'")
    with resting(0.5):
        run(engine, "SELECT pg_sleep(0.25) FROM generate_series(1, 2)")


def test_pg_sleep_after_a_cancelled_one_in_the_same_call(engine: Engine) -> None:
    timer = threading.Timer(0.2, engine.cancel)
    with resting(1.0):
        timer.start()
        reply = engine.exec_protocol_raw(
            wire.query("SELECT pg_sleep(600)") + wire.query("SELECT pg_sleep(0.8)")
        )
    timer.join()
    assert wire.sqlstates(reply) == ["57014"]
    assert wire.rows(reply) == [(b"",)]


def test_vacuum_delay(engine: Engine) -> None:
    """It asks whether the postmaster is alive each time it has slept."""
    run(engine, "SET vacuum_cost_delay = '50ms'; SET vacuum_cost_limit = 1")
    with resting(0.2):
        run(engine, "VACUUM pg_authid")


@pytest.fixture
def locked() -> Iterator[Engine]:
    """The one way to be in one's own way: a prepared transaction holds a lock."""
    with Engine(settings={"max_prepared_transactions": "1"}) as engine:
        run(engine, "CREATE TABLE t (a int)")
        run(engine, "BEGIN; LOCK TABLE t")
        run(engine, "PREPARE TRANSACTION 'holder'")
        yield engine
        run(engine, "COMMIT PREPARED 'holder'")
        run(engine, "DROP TABLE t")


@pytest.mark.parametrize(
    ("setting", "code"), [("lock_timeout", "55P03"), ("statement_timeout", "57014")]
)
def test_lock_wait_times_out(locked: Engine, setting: str, code: str) -> None:
    run(locked, f"SET deadlock_timeout = '100ms'; SET {setting} = '400ms'")
    with resting(0.4):
        assert sqlstate(locked, "SELECT * FROM t") == code


def test_lock_wait_is_cancelled(locked: Engine) -> None:
    run(locked, "SET deadlock_timeout = '100ms'")
    timer = threading.Timer(0.4, locked.cancel)
    timer.start()
    with resting(0.3):
        assert sqlstate(locked, "SELECT * FROM t") == "57014"
    timer.join()
