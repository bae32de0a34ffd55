"""Sessions of one cluster: opened, switched between, sharing a processor, idle in great numbers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack

from bench import process, progress
from bench.figures import Group
from pglite_native import Engine, Session
from tests import wire

SELECT_1 = wire.query("select 1")
COMPUTING = wire.query("select count(*) from generate_series(1, 100000000)")
STEP = wire.query("select count(*) from generate_series(1, 10000)")

OPEN_MS = 1.0
SWITCH_US = 5.0
ANSWER_MS = 15.0
SHARE = 0.2
IDLE_MB = 1.0

BUSY_SESSIONS = 8
WARM = 50  # sessions opened before those that count


def run(rounds: int, calls: int, seconds: float, idle: int) -> Iterable[Group]:
    opening = Group(
        "Sessions: opened and switched",
        f"One thread; means of {calls} a round. The switch is what a SELECT 1 takes longer where "
        "each goes to the other of two sessions than where all go to one.",
    )
    opening.figure("open a session", "ms", target=OPEN_MS)
    opening.figure("open a session and log in", "ms", note="by a startup packet, as a client does")
    opening.figure("SELECT 1, one session", "µs")
    opening.figure("SELECT 1, two by turns", "µs")
    opening.figure("switch", "µs", target=SWITCH_US)
    with Engine() as engine, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(engine.open_session())
        for _ in progress.rounds("sessions", rounds):
            opening.add_samples(_opening(engine, max(calls // 20, 5)))
            opening.add_samples(_switching(engine, calls))
    return [opening, _sharing(seconds), _idling(idle)]


def _opening(engine: Engine, count: int) -> dict[str, float]:
    found = {}
    for name, user in (("open a session", None), ("open a session and log in", "postgres")):
        began, spent = 0, 0
        for _ in range(count):
            began = time.perf_counter_ns()
            session = engine.open_session(user=user)
            spent += time.perf_counter_ns() - began
            session.close()
        found[name] = spent / count / 1e6
    return found


def _switching(engine: Engine, calls: int) -> dict[str, float]:
    with engine.open_session() as one, engine.open_session() as other:
        alone = _mean_us([one, one], calls)
        both = _mean_us([one, other], calls)
    return {"SELECT 1, one session": alone, "SELECT 1, two by turns": both, "switch": both - alone}


def _mean_us(sessions: list[Session], calls: int) -> float:
    for session in sessions:
        session.exec_protocol_raw(SELECT_1)
    began_ns = time.perf_counter_ns()
    for _ in range(calls // len(sessions)):
        for session in sessions:
            session.exec_protocol_raw(SELECT_1)
    return (time.perf_counter_ns() - began_ns) / calls / 1e3


def _sharing(seconds: float) -> Group:
    group = Group(
        "Sessions: sharing a processor",
        f"While one session computes, for {seconds:g} s, another asks SELECT 1 again and again. "
        f"Then {BUSY_SESSIONS} compute at the same time, each in a thread of its own, as long.",
    )
    answers = _answers_ms(seconds)
    group.figure("answer beside a busy session, median", "ms").samples.append(
        answers[len(answers) // 2]
    )
    group.figure("answer beside a busy session, p99", "ms", target=ANSWER_MS).samples.append(
        answers[int(len(answers) * 0.99)]
    )
    done = _shares(seconds)
    mean = sum(done) / len(done)
    group.figure("largest deviation from an equal share", "", target=SHARE).samples.append(
        max(abs(one - mean) / mean for one in done)
    )
    return group


def _answers_ms(seconds: float) -> list[float]:
    answers = []
    with Engine() as engine:
        busy, quick = engine.open_session(), engine.open_session()
        quick.exec_protocol_raw(SELECT_1)
        computing = threading.Thread(target=busy.exec_protocol_raw, args=(COMPUTING,))
        computing.start()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            began_ns = time.perf_counter_ns()
            quick.exec_protocol_raw(SELECT_1)
            answers.append((time.perf_counter_ns() - began_ns) / 1e6)
        busy.cancel()
        computing.join()
    return sorted(answers)


def _shares(seconds: float) -> list[int]:
    with Engine() as engine:
        sessions = [engine.open_session() for _ in range(BUSY_SESSIONS)]
        done = [0] * BUSY_SESSIONS
        end = time.perf_counter() + seconds

        def compute(number: int) -> None:
            while time.perf_counter() < end:
                sessions[number].exec_protocol_raw(STEP)
                done[number] += 1

        threads = [threading.Thread(target=compute, args=(n,)) for n in range(BUSY_SESSIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return done


def _idling(count: int) -> Group:
    group = Group(
        "Sessions: idle ones",
        f"{count} sessions of one cluster, each of which has answered SELECT 1.",
    )
    figure = group.figure("private memory of an idle session", "MB", target=IDLE_MB)
    with Engine(settings={"max_connections": str(count + WARM + 10)}) as engine:
        sessions = [_used(engine) for _ in range(WARM)]
        before = process.private_mb()
        sessions += [_used(engine) for _ in range(count)]
        figure.samples.append((process.private_mb() - before) / count)
        for session in sessions:
            session.close()
    return group


def _used(engine: Engine) -> Session:
    session = engine.open_session()
    session.exec_protocol_raw(SELECT_1)
    return session
