"""python -m bench [--quick] [--only PART] [--output FOLDER]"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import (
    boot,
    compile,
    crowd,
    drivers,
    instant,
    interpreter,
    memory,
    peers,
    queries,
    rows,
    select1,
    server,
    sessions,
    statements,
    suites,
    threads,
    workerd,
)
from bench.figures import Group
from bench.report import RESULTS, publish

PARTS: dict[str, Callable[[bool], Iterable[Group]]] = {
    "instant": lambda quick: instant.run(
        rounds=3 if quick else 15,
        operations=10 if quick else 50,
        engines=2000,
        cycles=2000 if quick else 20_000,
    ),
    "threads": lambda quick: threads.run(rounds=3 if quick else 15, seconds=0.2 if quick else 0.5),
    "peers": lambda quick: peers.run(rounds=3 if quick else 15),
    "boot": lambda quick: boot.run(rounds=3 if quick else 15),
    "select1": lambda quick: select1.run(rounds=5 if quick else 30, calls=500 if quick else 2000),
    "server": lambda quick: server.run(rounds=10 if quick else 100, calls=200),
    "sessions": lambda quick: sessions.run(
        rounds=3 if quick else 15,
        calls=500 if quick else 5000,
        seconds=1 if quick else 10,
        idle=100 if quick else 1000,
    ),
    "crowd": lambda quick: crowd.run(rounds=1 if quick else 7, seconds=2 if quick else 5),
    "statements": lambda quick: statements.run(rounds=1 if quick else 7),
    "queries": lambda quick: queries.run(rounds=5 if quick else 60),
    "drivers": lambda quick: drivers.run(rounds=3 if quick else 30),
    "rows": lambda quick: rows.run(rounds=1 if quick else 7),
    "memory": lambda quick: memory.run(rounds=1 if quick else 3, stream_mib=100 if quick else 1024),
    "suites": lambda quick: suites.run(
        rounds=1 if quick else 3, sizes=(50,) if quick else (500, 5000)
    ),
    "compile": lambda quick: compile.run(rounds=1 if quick else 5),
    "interpreter": lambda quick: interpreter.run(rounds=1 if quick else 5),
    "workerd": lambda quick: workerd.run(
        samples=3 if quick else 15, rounds=1000 if quick else 20_000
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds; under two minutes")
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = parser.parse_args()
    publish(
        "python -m bench"
        + (" --quick" if arguments.quick else "")
        + (f" --only {arguments.only}" if arguments.only else ""),
        lambda: (
            group
            for part, run in PARTS.items()
            if arguments.only in (None, part)
            for group in run(arguments.quick)
        ),
        arguments.output,
        only=arguments.only,
        quick=arguments.quick,
    )


if __name__ == "__main__":
    main()
