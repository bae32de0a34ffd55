"""python -m bench.against [--quick] [--rounds N] [--contestant NAME]... [--output FOLDER]"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import machine, progress
from bench.against import plot, targets
from bench.against.child import CannotDo, Child, Failed
from bench.against.contestants import NAMES, Contestant, prepare
from bench.against.report import Comparison
from bench.against.works import MEMORY, SIZE, START, VECTORS, Kind, Work, tables, vectors, works
from bench.figures import Group
from bench.report import RESULTS, Result

ROUNDS = 7
METHOD = (
    "Each contestant is a process that stays for the whole run; a round asks all of them for one "
    "work, one after the other, then for the next. Medians of the rounds; one round before them, "
    "in which code is compiled and caches fill, does not count. A cold start is a process of its "
    "own, from its beginning to its first answer, and its memory is then read: the RSS of the "
    "process that has the database in it, or where there are several the sum of their Pss. All "
    "databases are in memory; native PostgreSQL has fsync off, no parallel workers, no autovacuum, "
    "and its cold start includes initdb, as the others' clusters come with them. Raw is protocol "
    "messages, each statement in a call of its own, the answer not decoded; a class makes values. "
    "PGlite on Node copies by /dev/blob in both ways. A per-test reset takes back what a test "
    "wrote to 5 of 30 tables, and asks for a row: ours by restore(), on our server by a new "
    "connection, all others by one TRUNCATE of all tables. A second database is made, asked "
    "SELECT 1 and closed in the same process; on a native server it is CREATE and DROP DATABASE. "
    "Installed is without Python and Node themselves."
)


class Run:
    """Samples as they come."""

    def __init__(self, quick: bool) -> None:
        self.works = works(quick)
        self.tables, self.vectors = tables(quick), vectors(quick)
        self.rounds: list[dict[tuple[str, str], float]] = []
        self.contestants: dict[str, Contestant] = {}
        self.children: dict[str, Child] = {}
        self.descriptions: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self.unable: dict[tuple[str, str], str] = {}

    def run(self, names: Sequence[str], rounds: int) -> None:
        with ExitStack() as stack:
            there, self.missing = prepare(names, stack)
            self.contestants = {contestant.name: contestant for contestant in there}
            stack.callback(self._close)
            for name in list(self.contestants):
                self._open(name)
            self._round("warming up")
            for number in range(rounds):
                self.rounds.append(self._round(f"round {number + 1} of {rounds}"))
            progress.show("")

    def _close(self) -> None:
        for child in self.children.values():
            child.close()

    def _open(self, name: str) -> None:
        """Start it and make its tables; one that fails at that is missing from then on."""
        progress.show(f"opening {name}")
        contestant = self.contestants[name]
        try:
            child = self.children[name] = Child(contestant.command, contestant.environment)
            self.descriptions[name] = child.description
            child.execute(self.tables)
        except CannotDo as reason:
            self.missing[name] = str(reason)
            del self.contestants[name]
            if name in self.children:
                self.children.pop(name).close()
            return
        try:
            child.execute(self.vectors)
        except CannotDo as reason:
            for work in self.works:
                if work.name.startswith(VECTORS):
                    self.unable[work.name, name] = str(reason)

    def _round(self, title: str) -> dict[tuple[str, str], float]:
        figures: dict[tuple[str, str], float] = {}
        for contestant in self.contestants.values():
            progress.show(f"{title}: {START}: {contestant.name}")
            self._start(contestant, figures)
        for work in self.works:
            for name in list(self.contestants):
                if (work.name, name) not in self.unable:
                    progress.show(f"{title}: {work.name}: {name}")
                    self._measure(work, name, figures)
        return figures

    def _start(self, contestant: Contestant, figures: dict[tuple[str, str], float]) -> None:
        name = contestant.name
        try:
            with Child(contestant.command, contestant.environment) as child:
                figures[START, name] = child.start_s * 1e3
                figures[MEMORY, name] = child.memory_mib(below=contestant.serves)
        except CannotDo as reason:
            self.unable[START if (START, name) not in figures else MEMORY, name] = str(reason)
        figures[SIZE, name] = contestant.installed_mib()

    def _measure(self, work: Work, name: str, figures: dict[tuple[str, str], float]) -> None:
        child = self.children[name]
        try:
            child.execute(work.before)
            seconds = child.seconds(work.operation, work.arguments)
            child.execute(work.after)
        except CannotDo as reason:
            self.unable[work.name, name] = str(reason)
            if isinstance(reason, Failed):  # the next work is to find it well
                self.children.pop(name).close()
                self._open(name)
        else:
            figures[work.name, name] = seconds * work.factor

    def groups(self) -> list[tuple[Kind, Group]]:
        columns: list[tuple[Kind, str, str]] = [
            ("start", START, "ms"),
            *((work.kind, work.name, work.unit) for work in self.works),
            ("memory", MEMORY, "MiB"),
            ("size", SIZE, "MiB"),
        ]
        return [(kind, self._group(title, unit)) for kind, title, unit in columns]

    def _group(self, title: str, unit: str) -> Group:
        group = Group(title, "")
        for name in self.descriptions:
            samples = [figures[title, name] for figures in self.rounds if (title, name) in figures]
            if samples:
                group.figure(name, unit).samples += samples
        return group


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.against", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, little data")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS}, or 1 with --quick")
    parser.add_argument("--contestant", action="append", choices=NAMES, help="one of them")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the results")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (1 if arguments.quick else ROUNDS)
    names = arguments.contestant or list(NAMES)
    run = Run(arguments.quick)
    run.run(names, rounds)
    groups = run.groups()
    reached, unmeasured = targets.group(run.rounds)
    comparison = Comparison(
        result=Result(
            date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            commit=machine.commit(),
            command=f"python -m bench.against --rounds {rounds}"
            + (" --quick" if arguments.quick else ""),
            quick=arguments.quick,
            only="against",
            machine=machine.describe(),
            groups=[reached],
        ),
        contestants=names,
        descriptions=run.descriptions,
        groups=groups,
        missing=run.missing,
        unable=run.unable,
        unmeasured=unmeasured,
        method=METHOD,
    )
    held = [group for kind, group in groups if kind in ("memory", "size")]
    timed = [group for kind, group in groups if kind not in ("memory", "size")]
    arguments.output.mkdir(parents=True, exist_ok=True)
    plots = plot.draw(timed, held, arguments.output, comparison.result.name)
    if not plots:
        print("no pictures: there is no matplotlib, or nothing to draw", file=sys.stderr)
    paths = [*comparison.write(arguments.output, [path.name for path in plots]), *plots]
    for path in paths:
        print(os.path.relpath(path))
    print()
    print(comparison.markdown(), end="")


if __name__ == "__main__":
    main()
