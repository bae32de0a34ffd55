"""pgbench's built-in scripts through a Unix socket: our server beside a native PostgreSQL 18.6."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from bench import progress
from bench.figures import Group
from pglite_native import Engine
from pglite_native.server import Server
from tests.clients import programs
from tests.oracle.native import PORT, NativeServer

SCALE = 1
TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)

# name: pgbench's options, and what our transactions by native's are to be at least. With -j 2
# pgbench has two threads, and wakes up twice as often.
WORKS: dict[str, tuple[list[str], float | None]] = {
    "-S -c 1": (["-S", "-c", "1"], 1.2),
    "-S -c 8": (["-S", "-c", "8"], 1.0),
    "-S -c 8 -j 2": (["-S", "-c", "8", "-j", "2"], None),
    "TPC-B-like -c 1": (["-c", "1"], 1.2),
    "TPC-B-like -c 8": (["-c", "8"], 1.0),
    "TPC-B-like -c 8 -j 2": (["-c", "8", "-j", "2"], None),
}


def run(rounds: int, seconds: int) -> Iterable[Group]:
    group = Group(
        "pgbench: our server beside native PostgreSQL",
        f"Scale {SCALE}, simple protocol, {seconds} s a run, on one machine by turns; one cluster "
        "in memory, served by one thread, and a native server with fsync off. Transactions a "
        "second, and ours by native's in the same round.",
    )
    for name, (_, target) in WORKS.items():
        group.figure(f"{name}: ours", "/s")
        group.figure(f"{name}: native", "/s")
        group.figure(f"{name}: ratio", "", target=target, at_least=True)
    with ExitStack() as stack:
        sides = {
            "ours": stack.enter_context(_ours()),
            "native": stack.enter_context(_native()),
        }
        for measure in sides.values():
            measure(["-i", "-q", "-s", str(SCALE)])
        for _ in progress.rounds("pgbench", rounds):
            for name, (options, _) in WORKS.items():
                tps = {side: _tps(sides[side], options, seconds) for side in sides}
                group.add_samples({f"{name}: {side}": value for side, value in tps.items()})
                group.add_samples({f"{name}: ratio": tps["ours"] / tps["native"]})
    return [group]


Pgbench = Callable[[list[str]], str]


def _tps(pgbench: Pgbench, options: list[str], seconds: int) -> float:
    shown = pgbench(["-n", "-T", str(seconds), *options])
    found = TPS.search(shown)
    assert found, shown
    return float(found[1])


def _pgbench(host: str, port: int) -> Pgbench:
    def run(options: list[str]) -> str:
        where = ["-h", host, "-p", str(port), "-U", "postgres", "postgres"]
        return subprocess.run(
            [programs.FOLDER / "pgbench", *options, *where],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ).stdout

    return run


@contextmanager
def _ours() -> Iterator[Pgbench]:
    with Engine() as engine, Server(engine) as server:
        host, port = server.address
        yield _pgbench(host, port)


@contextmanager
def _native() -> Iterator[Pgbench]:
    with NativeServer(settings={"autovacuum": "on"}) as server:
        yield _pgbench(str(server.directory), PORT)
