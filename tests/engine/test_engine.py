"""Engine as an object: its options, its life, and what it leaves alone."""

from __future__ import annotations

import gc
import logging
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pglite_native import Engine, EngineBusy, EngineClosed, EngineError, PGliteError
from pglite_native.engine.binding import lib
from tests import wire
from tests.engine import child
from tests.engine.sql import run, sqlstate, value

pytestmark = pytest.mark.tiers

# --- options --------------------------------------------------------------------------------


def test_settings_reach_postgresql() -> None:
    with Engine(settings={"work_mem": "8MB", "shared_buffers": "16MB"}) as engine:
        assert value(engine, "show work_mem") == "8MB"
        assert value(engine, "show shared_buffers") == "16MB"


def test_a_setting_may_hold_any_text() -> None:
    with Engine(settings={"app.note": "a b='c\\d\" é"}) as engine:
        assert value(engine, "show app.note") == "a b='c\\d\" é"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"nonsense": "1"}, 'unrecognized configuration parameter "nonsense"'),
        ({"work_mem": "lots"}, 'invalid value for parameter "work_mem": "lots"'),
        ({"work_mem": "1"}, 'outside the valid range for parameter "work_mem"'),
    ],
)
def test_an_invalid_setting_is_refused_in_postgresql_s_words(
    settings: dict[str, str], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        Engine(settings=settings)


def test_a_nul_in_an_option_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        Engine(settings={"app.note": "a\0b"})


def test_database() -> None:
    with Engine(database="template1") as engine:
        assert value(engine, "select current_database()") == "template1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "nobody"}, 'role "nobody" does not exist'),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"user": ""}, "no PostgreSQL user name"),
        ({"user": "u" * 5000}, "too long"),
    ],
)
def test_a_user_or_database_that_does_not_exist(options: Any, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        Engine(**options)


def test_a_transport_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="pigeon"):
        Engine(transport="pigeon")  # type: ignore[arg-type]


SCRIPT = [
    "create table t(id int primary key, note text)",
    "insert into t select n, repeat(md5(n::text), 20) from generate_series(1, 2000) n",
    "select * from t order by id",  # some buffers long
    "select 1/0",
    "begin; update t set note = null; rollback",
    "select count(note) from t",
    "this is not SQL",
    "",
    "copy t to stdout",
]


def answers(engine: Engine) -> list[bytes]:
    replies = [engine.exec_protocol_raw(wire.query(sql)) for sql in SCRIPT]
    replies.append(engine.exec_protocol_raw(wire.extended("select $1::int + 1", ["41"])))
    pipeline = b"".join(wire.extended("select $1", [str(n)]) for n in range(300))
    replies.append(engine.exec_protocol_raw(pipeline))
    replies.append(engine.exec_protocol_raw(wire.query("copy t from stdin")))
    line = b"10000\t" + b"x" * 300_000 + b"\n"  # larger than the buffers
    replies.append(engine.exec_protocol_raw(wire.copy_data(line) + wire.copy_done()))
    return replies


@pytest.mark.parametrize(
    "options",
    [{"transport": "callback"}, {"buffer_size": 4096}, {"buffer_size": 64 << 20}],
    ids=["callback", "smallest", "largest"],
)
def test_transport_and_buffer_size_change_no_byte(options: Any) -> None:
    with Engine() as plain, Engine(**options) as other:
        assert answers(other) == answers(plain)


@pytest.mark.parametrize("size", [0, 1, 4095, (64 << 20) + 1, 2**32 - 1])
def test_a_buffer_size_out_of_range(size: int) -> None:
    with pytest.raises(EngineError, match="buffer_size"):
        Engine(buffer_size=size)


def test_memory_limit_too_small_to_boot() -> None:
    with pytest.raises(EngineError, match="No space left on device"):
        Engine(memory_limit=1, image=False)


# --- engines side by side -------------------------------------------------------------------


def test_two_engines_never_see_each_other() -> None:
    with Engine() as one, Engine() as two:
        run(one, "create table t as select 1 as n; listen news; set work_mem = '7MB'")
        run(two, "create table t as select 2 as n")
        run(two, "notify news, 'from two'")
        assert value(one, "select n from t") == "1"
        assert value(two, "select n from t") == "2"
        assert value(two, "show work_mem") != "7MB"
        assert "A" not in wire.kinds(one.exec_protocol_raw(wire.query("select 1")))
        run(one, "drop table t")
        assert value(two, "select n from t") == "2"


def test_closing_one_engine_leaves_the_other() -> None:
    with Engine() as kept:
        run(kept, "create table t as select 1 as n")
        Engine().close()
        assert value(kept, "select n from t") == "1"


BUSY_SQL = "select count(*) from generate_series(1, 400000) x where x % 7 = 3"


def test_engines_in_threads_run_in_parallel() -> None:
    """The GIL is free while SQL runs. The speed-up is printed: it is the machine's."""
    with Engine() as one, Engine() as two:
        for engine in (one, two):
            run(engine, BUSY_SQL)  # compiles
        started = time.perf_counter()
        run(one, BUSY_SQL)
        alone_s = time.perf_counter() - started

        counts: list[str | None] = []
        threads = [
            threading.Thread(target=lambda e=e: counts.append(value(e, BUSY_SQL)))
            for e in (one, two)
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        ticks = 0
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.001)
            ticks += 1
        both_s = time.perf_counter() - started
    print(f"one engine {alone_s:.3f} s, two in parallel {both_s:.3f} s, {ticks} ticks meanwhile")
    assert counts == ["57143", "57143"]
    assert ticks > 5  # this thread went on meanwhile


def test_engines_opened_in_threads_share_the_compiled_code() -> None:
    """The first calls of functions race for their compilation."""
    sums: list[str | None] = []

    def work() -> None:
        with Engine() as engine:
            sums.append(value(engine, "select sum(x) from generate_series(1, 1000) x"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == ["500500"] * 8


# --- life -----------------------------------------------------------------------------------


def use_after_close(engine: Engine) -> None:
    for call in (
        lambda: engine.exec_protocol_raw(wire.sync()),
        lambda: engine.exec_protocol_stream(wire.sync()),
        engine.statistics,
    ):
        with pytest.raises(EngineClosed):
            call()
    engine.cancel()  # nothing to cancel: nothing to complain of


def test_close_is_idempotent_and_use_after_it_raises() -> None:
    engine = Engine()
    engine.close()
    engine.close()
    use_after_close(engine)


def test_leaving_the_context_closes() -> None:
    with Engine() as engine:
        pass
    use_after_close(engine)
    with pytest.raises(ZeroDivisionError), Engine() as engine:
        _ = 1 / 0
    use_after_close(engine)


def test_an_engine_opened_in_one_thread_is_used_and_closed_in_another() -> None:
    engine = Engine()
    results: list[str | None] = []

    def use() -> None:
        results.append(value(engine, "select 42"))
        engine.close()

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert results == ["42"]
    use_after_close(engine)


def test_garbage_collection_closes(tmp_path: Any) -> None:
    engine = Engine(tmp_path / "data")
    run(engine, "create table t as select 1 as n")
    del engine
    gc.collect()
    with Engine(tmp_path / "data") as engine:  # the lock is free
        assert value(engine, "select n from t") == "1"


def test_errors_are_pglite_errors() -> None:
    for error in (EngineError, EngineBusy, EngineClosed):
        assert issubclass(error, PGliteError)


FORKED = """
import os, sys
from pglite_native import Engine
from tests import wire
from tests.engine import refusals
from tests.engine.sql import value

engine = Engine()
value(engine, "create table t as select 1 as n; select 1")
child = os.fork()
if child == 0:
    refused = refusals.count(
        lambda: engine.exec_protocol_raw(wire.query("select 1")),
        lambda: engine.exec_protocol_stream(wire.query("select 1")),
        engine.statistics,
    )
    engine.cancel()
    engine.close()  # does nothing
    with Engine() as own:  # the child may have engines of its own
        assert value(own, "select 6 * 7") == "42"
    del engine
    os._exit(refused)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
assert value(engine, "select n from t") == "1"
engine.close()
"""


def test_a_forked_child_is_refused_and_the_parent_goes_on() -> None:
    child.output(FORKED)


CYCLES = """
import gc, os, sys
from pglite_native import Engine
from tests.engine.sql import value

def held():
    gc.collect()
    status = open("/proc/self/status").read()
    rss_kib = int(status.partition("VmRSS:")[2].split()[0])
    maps = len(open("/proc/self/maps").readlines())
    return rss_kib, maps, len(os.listdir("/proc/self/fd"))

def cycle(data_dir):
    with Engine(data_dir) as engine:
        assert value(engine, "select 6 * 7") == "42"

for _ in range(10):
    cycle(None)
    cycle(sys.argv[1])
print(*held())
for n in range(200):
    cycle(sys.argv[1] if n % 10 == 0 else None)
print(*held())
"""


def test_200_engines_leave_nothing_behind(tmp_path: Any) -> None:
    before, after = (
        [int(word) for word in line.split()]
        for line in child.output(CYCLES, tmp_path / "data").splitlines()
    )
    print(f"RSS KiB, maps, descriptors: {before} -> {after}")
    assert after[2] == before[2]
    assert after[1] <= before[1] + 5  # an arena of malloc's, at most
    assert after[0] <= before[0] + 4 * 1024


# --- what it logs, and where ----------------------------------------------------------------


def test_the_guest_s_log_is_what_a_server_logs(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Without the banner and the prompts of a stand-alone backend."""
    with caplog.at_level(logging.DEBUG, "pglite_native.guest"), Engine(tmp_path / "data") as engine:
        run(engine, "select 1")
    lines = [record.getMessage() for record in caplog.records]
    assert [re.sub(r"^.* UTC \[\d+\] ", "", line) for line in lines] == [
        "LOG:  shutting down",
        "LOG:  database system is shut down",
    ]


def test_the_guest_s_log_goes_to_a_logger_with_levels(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG, "pglite_native.guest"),
        Engine(settings={"log_min_messages": "debug1"}) as engine,
    ):
        caplog.clear()
        run(
            engine,
            """do $$ begin
                 raise log 'said at log';
                 raise warning 'said at warning';
                 raise debug 'said at debug';
               end $$""",
        )
        run(engine, "create temp table t(n int primary key)")  # a DEBUG1 message of PostgreSQL's
        assert sqlstate(engine, "select 1/0") == "22012"
    levels = {record.getMessage().split("  ")[-1]: record.levelno for record in caplog.records}
    assert levels["said at log"] == logging.INFO
    assert levels["said at warning"] == logging.WARNING
    assert levels["said at debug"] == logging.DEBUG
    assert levels["division by zero"] == logging.INFO  # the client has got it
    assert {record.name for record in caplog.records} == {"pglite_native.guest"}


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with Engine() as engine:
        run(engine, "do $$ begin raise warning 'w'; raise log 'l'; end $$")
        assert sqlstate(engine, "select 1/0") == "22012"
        lib.pgn_trap(engine._handle, pglite_error())
        with pytest.raises(EngineError):
            run(engine, BUSY_SQL)
    with pytest.raises(EngineError):
        Engine(settings={"nonsense": "1"})
    assert capfd.readouterr() == ("", "")


def test_time_in_the_guest_is_measured_when_asked_for() -> None:
    with Engine() as engine:
        run(engine, "select pg_sleep(0.01)")
        assert engine.statistics()["guest_ns"] == 0
        assert lib.pgn_measure_guest(engine._handle, pglite_error()) == 0
        started_ns = time.perf_counter_ns()
        run(engine, "select pg_sleep(0.01)")
        elapsed_ns = time.perf_counter_ns() - started_ns
        assert 10_000_000 <= engine.statistics()["guest_ns"] <= elapsed_ns


# --- bad days -------------------------------------------------------------------------------


def pglite_error() -> Any:
    from pglite_native.engine.binding import ffi

    return ffi.new("pgn_error *")


def test_a_trap_poisons_only_its_engine(tmp_path: Any) -> None:
    with Engine() as other, Engine(tmp_path / "data") as engine:
        run(engine, "create table t as select 1 as n")
        assert lib.pgn_trap(engine._handle, pglite_error()) == 0
        for _ in range(3):
            with pytest.raises(EngineError, match="a trap was asked for"):
                run(engine, "insert into t values (2)")
        assert value(other, "select 6 * 7") == "42"
        engine.close()
        with Engine(tmp_path / "data") as reopened:
            assert run(reopened, "select n from t") == [("1",)]


EXHAUSTED = """
import resource, sys
from pglite_native import Engine
from tests.engine.sql import sqlstate, value

with Engine(settings={"work_mem": "1000MB"}) as engine:
    value(engine, "create table kept as select 1 as n; select 1")
    if sys.argv[1] == "host":
        used = int(open("/proc/self/status").read().partition("VmData:")[2].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (used + (100 << 20), resource.RLIM_INFINITY))
    for _ in range(2):
        print(sqlstate(engine, "select array_agg(repeat(x::text, 100000))"
                               " from generate_series(100000, 200000) x"))
        bytearray(1 << 20)  # an engine leaves some to its process
        print(value(engine, "select n from kept"))
    print(value(engine, "select cardinality(array_agg(n)) from generate_series(1, 100000) n"))
"""


def available_gib() -> float:
    meminfo = Path("/proc/meminfo").read_text()
    return int(meminfo.partition("MemAvailable:")[2].split()[0]) / 2**20


@pytest.mark.parametrize("whose", ["host", pytest.param("guest", marks=pytest.mark.long)])
def test_memory_exhausted(whose: str) -> None:
    """53200 and on we go: where the host has no more to give, and at the guest's 2 GiB."""
    if whose == "guest" and available_gib() < 4:
        pytest.skip("takes 2 GiB of memory")
    assert child.output(EXHAUSTED, whose).split() == ["53200", "1", "53200", "1", "100000"]


@pytest.mark.parametrize("kind", ["", "unlogged", "temporary"])
def test_disk_full_in_memory(kind: str) -> None:
    """53100, that statement undone, everything committed there, and room made is room again."""
    with Engine(memory_limit=24 << 20) as engine:
        run(engine, "create table kept as select n from generate_series(1, 1000) n")
        create = f"create {kind} table t(note text)"
        run(engine, create)
        fill = "insert into t select repeat(md5(n::text), 30) from generate_series(1, 1000) n"
        inserted = 0
        while (state := sqlstate(engine, fill)) == "00000":
            inserted += 1000
        assert state == "53100"
        assert inserted > 0
        assert value(engine, "select count(*) from t") == str(inserted)
        assert value(engine, "select sum(n) from kept") == "500500"
        run(engine, "drop table t")  # to truncate would take a new file first
        run(engine, create)
        assert sqlstate(engine, fill) == "00000"
        assert value(engine, "select count(*) from t") == "1000"


COMPILED = """
from pglite_native import Engine
from pglite_native.engine.binding import check, ffi, lib
from pglite_native.engine.guest import runtime
from tests.engine.sql import value

error = ffi.new("pgn_error *")
check(lib.pgn_runtime_compile(runtime().handle, error), error)
with Engine() as engine:
    assert value(engine, "select sum(x) from generate_series(1, 100) x") == "5050"
"""


def test_every_function_compiles() -> None:
    child.output(COMPILED)
