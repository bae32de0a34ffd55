"""A move that is ended in the middle continues where it was."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from pglite_native import PGlite
from pglite_native.cli import main
from tests.migrate.test_moving import execute, export, query

ROWS = 100_000
PATIENCE_S = 60.0

# In the order of their names: one that is done, one in whose middle it is ended, one to come.
TABLES = f"""
CREATE TABLE a_first AS SELECT n FROM generate_series(1, 1000) n;
CREATE TABLE b_large AS SELECT n, repeat('x', 60) AS t FROM generate_series(1, {ROWS}) n;
CREATE TABLE c_last AS SELECT 1 AS n;
ALTER TABLE a_first ADD PRIMARY KEY (n)"""


Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """A command's process, which does not outlive the test."""
    with ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "pglite_native", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def wait_for(process: subprocess.Popen[str], url: str, condition: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(condition.encode()).fetchone() != (True,):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)


COPYING_TO = """
SELECT coalesce(bool_or(tuples_processed > 1000), false) FROM pg_stat_progress_copy
WHERE relid = to_regclass('b_large')"""

COPYING_FROM = """
SELECT coalesce(bool_or(tuples_processed > 1000), false) FROM pg_stat_progress_copy
WHERE relid = 'b_large'::regclass AND command = 'COPY TO'"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large") / "data"
    with PGlite(folder) as db:
        db.exec(TABLES)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "int"])
def test_an_export_goes_on_after_its_end(
    begin: Begin,
    large: Path,
    new_database: Callable[[], str],
    number: signal.Signals,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = new_database()
    process = begin("export", "--data-dir", str(large), "--to", there)
    wait_for(process, there, COPYING_TO)
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE_S)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert errors == ("Run the same command again to continue.\npglite-native: interrupted\n")
    assert query(there, "SELECT name FROM pglite_native_move.done") == [('"public"."a_first"',)]
    assert query(there, "SELECT count(*) FROM b_large") == [(0,)]

    assert export(large, there) == 0
    output = capsys.readouterr().out
    assert "tables:        3\n  of these     1 by an earlier run\n" in output
    assert f"rows:          {ROWS + 1001}\n" in output
    assert query(there, "SELECT count(*), sum(n), sum(length(t)) FROM b_large") == [
        (ROWS, ROWS * (ROWS + 1) // 2, 60 * ROWS)
    ]
    assert query(there, "SELECT to_regnamespace('pglite_native_move')") == [(None,)]
    assert query(there, "SELECT count(*) FROM pg_index WHERE indrelid = 'a_first'::regclass") == [
        (1,)
    ]


ANALYZING = """
SELECT bool_or(query = 'ANALYZE') FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()"""


def test_an_export_that_is_killed_at_its_end_is_ended_by_the_next(
    begin: Begin, large: Path, new_database: Callable[[], str]
) -> None:
    there = new_database()
    process = begin("export", "--data-dir", str(large), "--to", there)
    wait_for(process, there, "SELECT to_regclass('c_last') IS NOT NULL")
    with psycopg.connect(there) as other:
        other.execute("LOCK c_last IN SHARE UPDATE EXCLUSIVE MODE")  # for which ANALYZE waits
        wait_for(process, there, ANALYZING)
        process.kill()
        process.communicate(timeout=PATIENCE_S)

    assert export(large, there) == 0
    analyzed = "SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'public'"
    assert query(there, analyzed) == [(3,)]


def test_an_import_goes_on_after_a_kill(
    begin: Begin,
    new_database: Callable[[], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    origin, folder = new_database(), tmp_path / "data"
    execute(origin, TABLES)
    process = begin("import", "--from", origin, "--data-dir", str(folder))
    wait_for(process, origin, COPYING_FROM)
    process.kill()
    process.communicate(timeout=PATIENCE_S)

    assert main(["import", "--from", origin, "--data-dir", str(folder)]) == 0
    assert "  of these     1 by an earlier run\n" in capsys.readouterr().out
    with PGlite(folder) as db:
        (row,) = db.query("SELECT count(*) AS n, sum(length(t)) AS bytes FROM b_large").rows
        assert row == {"n": ROWS, "bytes": 60 * ROWS}


# --- a source that has changed meanwhile ----------------------------------------------------


@pytest.fixture
def stopped(
    small: Path, new_database: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> tuple[Path, str]:
    """A move that has failed in its last step, as the name of an index is taken."""
    there = new_database()
    with PGlite(small) as db:
        db.exec("CREATE TABLE u AS SELECT 1 AS b")
    execute(there, "CREATE SEQUENCE public.t_pkey")
    assert export(small, there, "--allow-non-empty") == 1
    assert "indexes, constraints and triggers: 42P07" in capsys.readouterr().err
    execute(there, "DROP SEQUENCE public.t_pkey")
    return small, there


def test_the_last_step_can_be_repeated(
    stopped: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(*stopped) == 0
    assert "  of these     2 by an earlier run\n" in capsys.readouterr().out


def test_a_table_that_has_other_rows_now_is_copied_again(
    stopped: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, there = stopped
    with PGlite(folder) as db:
        db.exec("INSERT INTO t VALUES (3)")
    assert export(folder, there) == 0
    assert "  of these     1 by an earlier run\n" in capsys.readouterr().out
    assert query(there, "SELECT sum(a) FROM t") == [(6,)]


def test_as_many_other_rows_are_found_by_their_hashes(stopped: tuple[Path, str]) -> None:
    folder, there = stopped
    with PGlite(folder) as db:
        db.exec("UPDATE t SET a = 7 WHERE a = 2")
    assert export(folder, there, "--checksum") == 0
    assert query(there, "SELECT sum(a) FROM t") == [(8,)]


def test_another_schema_is_refused(
    stopped: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, there = stopped
    with PGlite(folder) as db:
        db.exec("ALTER TABLE t ADD b int")
    assert export(folder, there) == 1
    assert "a move whose schema was another" in capsys.readouterr().err
