"""Many threads at once in what a process has once: with and without Python's GIL."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pglite_native import Engine, PGlite
from pglite_native.engine import forking

THREADS = 8
ROUNDS = 10

ROWS = (
    "select n, n::text || 'é', n / 4.0::float8, array[n, null], null from generate_series(1, 50) n"
)
EXPECTED = [(n, f"{n}é", n / 4, [n, None], None) for n in range(1, 51)]


def at_once(task: Callable[[int], None]) -> None:
    """Let threads do something, all of them beginning at the same time."""
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> None:
        barrier.wait()
        task(number)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(run, number) for number in range(THREADS)]:
            done.result()


def test_engines_are_opened_and_forked() -> None:
    with PGlite() as base:
        base.exec("create table t as select 1 as n")

        def task(number: int) -> None:
            for _ in range(ROUNDS):
                with base.clone() as copy, PGlite() as other:
                    copy.query("update t set n = $1", [number])
                    assert copy.query("select n from t").scalar() == number
                    assert other.query("select to_regclass('t')").scalar() is None

        at_once(task)
        assert base.query("select n from t").scalar() == 1


def test_rows_and_parameters_are_converted() -> None:
    """By one database, whose calls wait for each other, and by sessions of their own."""
    with PGlite() as db:

        def task(number: int) -> None:
            with db.connect() as own:
                for _ in range(ROUNDS):
                    for asked in (db, own):
                        assert asked.query(ROWS, row_mode="array").rows == EXPECTED
                        given = [number, f"{number}", [number, None], number / 3]
                        answer = asked.query(
                            "select $1::int8, $2::text, $3::int[], $4::float8",
                            given,
                            row_mode="array",
                        )
                        assert list(answer.rows[0]) == given

        at_once(task)


def test_what_a_fork_has_to_know_is_noted() -> None:
    def task(number: int) -> None:
        for _ in range(200):
            engine_like = _Inherited()
            forking.register(engine_like)
            forking._before()
        gc.collect()

    at_once(task)


class _Inherited:
    def _after_fork(self) -> None:
        raise AssertionError("there was no fork")


def test_engines_of_both_tiers_answer() -> None:
    def task(number: int) -> None:
        with Engine(tier="wasm3" if number % 2 else "auto") as engine, PGlite(engine=engine) as db:
            assert db.query("select sum(n) from generate_series(1, 1000) n").scalar() == 500500

    at_once(task)
