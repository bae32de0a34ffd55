"""A session that computes does not keep the others waiting. bench/ measures how long they wait."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from pglite_native import Engine, Session
from tests import wire
from tests.engine.sql import run, value
from tests.waiting import until

FOR_LONG = wire.query("do $$ begin loop end loop; end $$")
COUNT = "do $$ begin for i in 1..5000 loop null; end loop; end $$"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def cancelled(session: Session, call: Future[bytes]) -> list[str]:
    """Cancel a call until it ends: PostgreSQL drops a cancel that comes before the command."""

    def is_over() -> bool:
        session.cancel()
        return call.done()

    until(is_over)
    return wire.sqlstates(call.result())


def test_others_are_answered_while_one_computes(engine: Engine) -> None:
    computing, asking = engine.open_session(), engine.open_session()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(computing.exec_protocol_raw, FOR_LONG)
        seconds = []
        for number in range(50):
            began = time.monotonic()
            assert value(asking, f"select {number}") == str(number)
            seconds.append(time.monotonic() - began)
        assert not call.done()
        assert cancelled(computing, call) == ["57014"]
    print(f"median {statistics.median(seconds) * 1000:.1f} ms, longest {max(seconds) * 1000:.1f}")
    assert statistics.median(seconds) < 1


def test_others_are_answered_while_one_makes_a_long_reply(engine: Engine) -> None:
    """Its reader takes no more of it for now."""
    streaming, asking = engine.open_session(), engine.open_session()
    query = wire.query("select repeat('x', 1000) from generate_series(1, 20000)")
    with streaming.exec_protocol_stream(query) as stream:
        next(stream)
        assert value(asking, "select 1") == "1"
        with asking.open_session() as other:
            run(other, "create table t ()")
        size = sum(map(len, stream))
    assert size > 19_000_000


def test_all_who_compute_get_on(engine: Engine) -> None:
    sessions = [engine.open_session() for _ in range(4)]
    done = [0] * len(sessions)
    stop = threading.Event()

    def work(number: int) -> None:
        while not stop.is_set():
            run(sessions[number], COUNT)
            done[number] += 1

    with ThreadPoolExecutor(len(sessions)) as pool:
        calls = [pool.submit(work, number) for number in range(len(sessions))]
        until(lambda: min(done) >= 20)  # how evenly is also the system's choice of threads
        stop.set()
        for call in calls:
            call.result(30)


def test_short_and_long_statements_get_on_together(engine: Engine) -> None:
    """Some only compute, some only wait for the lock of another, and none starves."""
    run(engine, "create table t as select 0 as n")
    computing = [engine.open_session() for _ in range(2)]
    counting = [engine.open_session() for _ in range(4)]

    def count(number: int) -> None:
        for _ in range(15):
            run(counting[number], "update t set n = n + 1")

    with ThreadPoolExecutor(6) as pool:
        busy = [pool.submit(session.exec_protocol_raw, FOR_LONG) for session in computing]
        for call in [pool.submit(count, number) for number in range(4)]:
            call.result(60)
        for session in computing:
            session.cancel()
        for ended in busy:
            assert wire.sqlstates(ended.result(10)) == ["57014"]
    assert value(engine, "select n from t") == "60"


def test_clusters_do_not_wait_for_each_other(engine: Engine) -> None:
    with Engine() as other, ThreadPoolExecutor(1) as pool:
        call = pool.submit(engine.exec_protocol_raw, FOR_LONG)
        for _ in range(20):
            assert value(other, "select 1") == "1"
        assert not call.done()
        assert cancelled(engine, call) == ["57014"]
