"""Interrupts at random: `python -m tests.processes.interrupting SEED INTERRUPTS [FOLDER]`.

Each call of calls.py is interrupted at a moment between its begin and its end, by a timer or by
another process's SIGINT, and those of asyncio by cancelling their task. Then everything must be
usable, from another thread too; no statement is left halfway; and threads, descriptors and memory
files are as many as before. With a folder the figures go there, as those of `make bench` do.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from bench.figures import Group
from bench.machine import commit, describe
from bench.report import Result
from pglite_native import Engine
from tests.processes.calls import (
    ASYNC_CALLS,
    CALLS,
    AsyncCall,
    Call,
    Place,
    open_a_directory,
    sqlalchemy_in_process,
)
from tests.threads import count_threads

HANG_S = 60
LEAKS_EVERY = 20  # interrupts
CHECK_EVERY = 5  # of what was not interrupted, too
BY_PROCESS = 0.2  # of the interrupts
OVERTIME = 1.1  # of a call's usual time

# The two databases with a single session share memory as soon as there is housekeeping to do.
SHARED = Counter({"memory files": 2})

INTERRUPTER = """
import os, sys, time
for line in sys.stdin:
    time.sleep(float(line))
    os.kill(os.getppid(), 2)
"""


class Interrupter:
    """Interrupts this process once, after a time; `with Interrupter() as interrupter: ...`."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._other = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTER], stdin=subprocess.PIPE, text=True
        )
        self.has_come = False

    def __enter__(self) -> Interrupter:
        for number in (signal.SIGINT, signal.SIGALRM):
            signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        assert self._other.stdin is not None
        self._other.stdin.close()
        self._other.wait()

    def _handle(self, *_: object) -> None:
        self.has_come = True
        raise KeyboardInterrupt

    def interrupt(self, call: Call, place: Place, delay_s: float) -> bool:
        """Make a call; return whether it was interrupted before it had ended."""
        self.has_come = has_ended = False
        try:
            if self._chance.random() < BY_PROCESS:
                assert self._other.stdin is not None
                self._other.stdin.write(f"{delay_s}\n")
                self._other.stdin.flush()
            else:
                signal.setitimer(signal.ITIMER_REAL, delay_s)
            call(place)
            has_ended = True
            while not self.has_come:
                time.sleep(0.0002)
        except BaseException as error:
            if not self.has_come or not comes_of_an_interrupt(error):
                raise
            if call is not sqlalchemy_in_process:
                place.check_database()  # while the exception holds all frames
                if call is open_a_directory:
                    call(place)
        return not has_ended


def comes_of_an_interrupt(error: BaseException | None) -> bool:
    """What others make of one: SQLAlchemy trips over an assertion of its own."""
    return isinstance(error, KeyboardInterrupt) or (
        error is not None and comes_of_an_interrupt(error.__context__)
    )


def cancel(call: AsyncCall, place: Place, delay_s: float) -> bool:
    """Make a call in a task; return whether it was cancelled before it had ended."""

    async def cancelled() -> bool:
        task = asyncio.ensure_future(call(place))
        asyncio.get_running_loop().call_later(delay_s, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    is_cancelled = place.loop.run_until_complete(cancelled())
    place.run(place.check_async())
    return is_cancelled


def held() -> Counter[str]:
    """What the process has: threads, memory files, other descriptors."""
    found = Counter(threads=count_threads(os.getpid()))
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the folder's own
            path = os.readlink(f"/proc/self/fd/{name}")
            found["memory files" if "memfd" in path else "descriptors"] += 1
    return found


def run(seed: int, interrupts: int) -> Counter[str]:
    """Return how many interrupts there were of each call."""
    chance = random.Random(seed)
    place, counts = Place(), Counter[str]()
    times: dict[str, float] = {}
    for call in CALLS:
        times[call.__name__] = seconds(partial(call, place))
        place.check()
    for asynchronous in ASYNC_CALLS:
        times[asynchronous.__name__] = seconds(partial(run_async, asynchronous, place))
        place.check()
    time.sleep(1.5)  # by then the threads of all clusters are there
    place.check()
    with Interrupter(chance) as interrupter:
        before, settled = held() + SHARED, 0
        while counts.total() < interrupts:
            chosen = chance.choice(CALLS + ASYNC_CALLS)
            name = chosen.__name__
            delay_s = chance.uniform(0, OVERTIME * times[name])
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            if chosen in ASYNC_CALLS:
                counts[name] += cancel(chosen, place, delay_s)
            else:
                counts[name] += interrupter.interrupt(chosen, place, delay_s)
                if chosen is sqlalchemy_in_process:
                    gc.collect()
                place.check_database()
            if counts.total() % CHECK_EVERY == 0:
                place.check()
            faulthandler.cancel_dump_traceback_later()
            if counts.total() >= settled + LEAKS_EVERY:
                settled = counts.total()
                check_leaks(before, name)
    check_leaks(before, "all")
    place.close()
    return counts


def seconds(call: Callable[[], object]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def run_async(call: AsyncCall, place: Place) -> None:
    place.run(call(place))


def check_leaks(before: Counter[str], name: str) -> None:
    """What another thread is about to end may take a moment."""
    deadline = time.monotonic() + 5
    while True:
        gc.collect()
        if not (more := held() - before):
            return
        if time.monotonic() > deadline:
            paths = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.exists()]
            raise AssertionError(f"after {name}: {dict(more)} more than before: {paths}")
        time.sleep(0.05)


def main(seed: int, interrupts: int, folder: str | None = None) -> None:
    print(f"seed {seed}", flush=True)
    begun = time.monotonic()
    counts = run(seed, interrupts)
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    print(
        f"{counts.total():6} interrupts in {time.monotonic() - begun:.0f} s, nothing lost or left"
    )
    if folder is not None:
        print(*write(counts, seed, interrupts, Path(folder)))


def write(counts: Counter[str], seed: int, interrupts: int, folder: Path) -> list[Path]:
    """Write a result as `make bench` does."""
    with Engine() as engine:
        tier = engine.tier
    group = Group(
        f"Interrupts: {tier}",
        f"Seed {seed}. How often each call was interrupted between its begin and its end, at a"
        " random moment. After each: everything usable, from another thread too; no transaction"
        " open that the user had not begun; of two rows inserted as one, none or both there. After"
        f" every {LEAKS_EVERY}: no more threads, descriptors and memory files than at the begin.",
    )
    figures = {"all calls": counts.total(), **dict(sorted(counts.items()))}
    for name, count in figures.items():
        group.figure(name, "interrupts").samples.append(count)
    command = (
        f"PGLITE_NATIVE_TIER={tier} python -m tests.processes.interrupting {seed} {interrupts}"
    )
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    only = f"interrupts-{tier}"
    return Result(date, commit(), command, False, describe(), [group], only).write(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
