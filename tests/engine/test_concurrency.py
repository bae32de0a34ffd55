"""One module's code, many engines in many threads: what is shared must not show.

Code is compiled when a function is first called, which happens once in a process. So each race is
run in processes of its own, several times, with all threads let go at once.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pglite_native import Engine, Snapshot
from tests.engine import child
from tests.engine.sql import run, value

pytestmark = pytest.mark.tiers

THREADS = 8

PRELUDE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from pglite_native import Engine
from pglite_native.engine.binding import check, ffi, lib
from pglite_native.engine.guest import runtime
from tests.engine.sql import run, value

THREADS, turn = map(int, sys.argv[1:])
barrier = threading.Barrier(THREADS)

# Far apart in PostgreSQL, so that there is much to compile; what they answer is known.
QUESTIONS = [
    ("select sum(x) from generate_series(1, 1000) x", "500500"),
    ("select md5('a') || sha256('a'::bytea)::text",
     "0cc175b9c0f1b6a831c399e269772661"
     "\\\\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ("select string_agg(x::text, ' ' order by -x) from generate_series(1, 5) x", "5 4 3 2 1"),
    ("select jsonb_path_query_array('{\\"a\\": [1, 2, 3]}', '$.a[*] ? (@ > 1)')", "[2, 3]"),
    ("select regexp_replace('hello', '(l+)', '<\\\\1>')", "he<ll>o"),
    ("select to_tsvector('english', 'running dogs') @@ to_tsquery('dog & run')", "t"),
    ("select 2::numeric ^ 100", "1267650600228229401496703205376"),
    ("select date '2024-02-29' + interval '1 year'", "2025-02-28 00:00:00"),
    ("with recursive f(a, b) as (select 0, 1 union all select b, a + b from f where b < 100)"
     " select max(a) from f", "89"),
    ("select count(*) from pg_class a join pg_attribute b on a.oid = b.attrelid"
     " where a.relname = 'pg_class'", "40"),
]

def ask(engine, number):
    '''All questions, each thread beginning with another one.'''
    for n in range(len(QUESTIONS)):
        question, answer = QUESTIONS[(n + number + turn) % len(QUESTIONS)]
        found = value(engine, question)
        assert found == answer, (question, found)
    run(engine, "create table t(n int primary key, s text)")
    run(engine, "insert into t select n, md5(n::text) from generate_series(1, 500) n")
    assert value(engine, f"select count(distinct s) from t where n > {number}") == str(500 - number)
    run(engine, "do $$ begin perform 1/0; exception when division_by_zero then null; end $$")

def everybody(work):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))
"""

RACES = {
    # From the first instruction on.
    "opened at once": """
def work(number):
    barrier.wait()
    with Engine() as engine:
        ask(engine, number)
""",
    "booted at once": """
def work(number):
    barrier.wait()
    with Engine(image=False) as engine:
        ask(engine, number)
""",
    "asked at once": """
engines = [Engine() for _ in range(THREADS)]
def work(number):
    barrier.wait()
    ask(engines[number], number)
""",
    # All hold the same pages; the base is used meanwhile.
    "forks of one": """
base = Engine()
snapshot = base.snapshot()
def work(number):
    barrier.wait()
    if number == 0:
        return ask(base, number)
    for _ in range(3):
        with Engine(image=snapshot) as fork:
            ask(fork, number)
            fork.restore(snapshot)
            ask(fork, number)
""",
    "all compiled meanwhile": """
engines = [Engine() for _ in range(THREADS)]
def work(number):
    barrier.wait()
    if number == 0:
        error = ffi.new("pgn_error *")
        check(lib.pgn_runtime_compile(runtime().handle, error), error)
    ask(engines[number], number)
""",
}


@pytest.mark.long
@pytest.mark.parametrize("race", RACES)
def test_code_is_compiled_while_others_run(race: str) -> None:
    for turn in range(4):
        child.output(PRELUDE + RACES[race] + "everybody(work)", THREADS, turn)


def in_threads(work: Callable[[int], None], count: int = THREADS) -> None:
    """Run all at once; the first exception is raised here."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> None:
        barrier.wait()
        work(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(begin, range(count)))


@pytest.mark.long
def test_forks_of_one_snapshot_made_by_many_threads() -> None:
    with Engine() as base:
        run(base, "create table t as select 1 as n")
        snapshot = base.snapshot()

        def work(number: int) -> None:
            for turn in range(30):
                with Engine(image=snapshot) as fork:
                    run(fork, f"insert into t values ({number * 1000 + turn})")
                    assert value(fork, "select sum(n) from t") == str(1 + number * 1000 + turn)
                    with fork.fork() as second:
                        run(second, "delete from t where n = 1")
                    fork.restore(snapshot)
                    assert value(fork, "select sum(n) from t") == "1"

        in_threads(work)
        assert value(base, "select sum(n) from t") == "1"


def test_the_last_reference_to_a_snapshot_goes_in_any_thread() -> None:
    """Its pages stay for those who were mapped from it."""
    with Engine() as base:
        run(base, "create table t as select generate_series(1, 1000) as n")

        def work(number: int) -> None:
            for _ in range(20):
                fork = Engine(image=snapshots[number].pop())
                assert value(fork, "select sum(n) from t") == "500500"
                fork.close()

        snapshots: list[list[Snapshot]] = [[] for _ in range(THREADS)]
        for _ in range(20):
            run(base, "update t set n = n where n = 1")
            for own in snapshots:
                own.append(base.snapshot())
        in_threads(work)
        assert not any(snapshots)


@pytest.mark.long
def test_engines_dropped_in_one_thread_while_others_run() -> None:
    """Garbage collection closes them, in whatever thread it comes."""
    with Engine() as base:
        run(base, "create table t as select 1 as n")
        snapshot = base.snapshot()

        def work(number: int) -> None:
            if number % 2:
                for _ in range(40):
                    cycle: list[object] = [Engine(image=snapshot)]
                    cycle.append(cycle)  # so that only the collector finds it
                    del cycle
                    gc.collect()
            else:
                with Engine(image=snapshot) as fork:
                    for turn in range(40):
                        run(fork, f"insert into t values ({turn})")
                    assert value(fork, "select count(*) from t") == "41"

        in_threads(work)
        assert value(base, "select n from t") == "1"


def test_an_engine_goes_from_thread_to_thread() -> None:
    """Forked in one, asked in the next, restored in a third."""
    with Engine() as base:
        run(base, "create table t as select 0 as n")
        snapshot = base.snapshot()
        for _ in range(20):
            fork = elsewhere(base.fork)
            elsewhere(run, fork, "begin; delete from t")
            elsewhere(fork.restore, snapshot)
            assert elsewhere(value, fork, "select n from t") == "0"


def elsewhere(function: Callable[..., Any], *arguments: object) -> Any:
    """Call it in a thread that ends then."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()
