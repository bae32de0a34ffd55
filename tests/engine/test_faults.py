"""Limits of the operating system that are reached: PostgreSQL reports them and keeps working.

Single calls that fail: tests/faults.
"""

from __future__ import annotations

from pathlib import Path

from pglite_native import Engine
from tests.engine import child
from tests.engine.sql import run, sqlstate, value

LIMITED = """
import resource, sys
from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value

LIMIT = 3 << 20
with Engine(sys.argv[1]) as engine:
    run(engine, "create table t(s text)")
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
    insert = "insert into t select repeat('x', 900) from generate_series(1, 200)"
    committed = 0
    while (state := sqlstate(engine, insert)) == "00000":
        committed += 200
    print(state, committed, value(engine, "select count(*) from t"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(sqlstate(engine, insert), value(engine, "select count(*) from t"))
"""


def test_a_limit_of_the_operating_system_s(tmp_path: Path) -> None:
    """No injection: the file cannot grow, PostgreSQL reports it and keeps working."""
    refused, lifted = child.output(LIMITED, tmp_path / "data").splitlines()
    state, committed, found = refused.split()
    assert state == "XX000"  # what PostgreSQL makes of EFBIG
    assert int(committed) > 1000
    assert found == committed
    assert lifted.split() == ["00000", str(int(committed) + 200)]


FEW_DESCRIPTORS = """
import resource, sys
from pglite_native import Engine
from tests.engine.sql import run, value

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
with Engine(sys.argv[1]) as engine:
    for n in range(60):
        run(engine, f"create table t{n} as select {n} as n")
    run(engine, "checkpoint")
with Engine(sys.argv[1]) as engine:
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
    print(*(value(engine, f"select n from t{n}") for n in range(60)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(value(engine, "select n from t7"))
"""


def test_descriptors_run_out(tmp_path: Path) -> None:
    """The host's limit: PostgreSQL closes what it has cached, and opens the next file."""
    limited, lifted = child.output(FEW_DESCRIPTORS, tmp_path / "data").splitlines()
    assert limited.split() == [str(n) for n in range(60)]
    assert lifted == "7"


def test_notifications_that_nothing_has_read_do_not_fill_the_memory() -> None:
    """Their queue is cut off after a commit, where PostgreSQL can only panic."""
    notify = "select pg_notify('news', repeat('x', 7000) || n) from generate_series(1, 2000) n"
    fill = "create table t as select repeat('x', 1000) from generate_series(1, 40000)"
    with Engine(memory_limit=32 << 20) as engine, engine.open_session() as session:
        run(session, "listen news")
        run(session, "begin; select 1")
        for _ in range(8):
            run(engine, notify)
        assert sqlstate(engine, fill) == "53100"
        run(engine, "notify news")
        session.close()
        run(engine, "notify news")
        assert value(engine, "select pg_notification_queue_usage() < 0.001") == "t"


def test_empty_files_count_against_the_memory_limit() -> None:
    """A table without a row takes no block, and yet memory."""
    limit = 8 << 20
    with Engine(memory_limit=limit) as engine:
        for n in range(100):
            tables = "; ".join(f"create table t{n}_{m}()" for m in range(50))
            if (state := sqlstate(engine, tables)) != "00000":
                break
        assert state == "53100"
        assert n * 50 <= limit // 4096
        run(engine, "drop table t0_0; checkpoint; create table again()")
        with engine.fork() as fork:
            assert value(fork, "select count(*) from again") == "0"
