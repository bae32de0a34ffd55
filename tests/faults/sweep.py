"""One scenario after the other, in a process with injection.c preloaded: a line of JSON a point.

    python -m tests.faults.sweep FOLDER PART [POINTS]

The parts: `single` and `shared`, statements of one session and of two; of engines that are opened
and written `files`, `copies` and `memory`. Every call fails in turn; with POINTS, so many of each
kind.
"""

from __future__ import annotations

import json
import resource  # noqa: F401 - a module that errors import: its maps are there before any
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.faults import resources
from tests.faults.injection import FILES, MEMORY, Faults, Kind, name_of
from tests.faults.points import Outcome, Point, Scenario, every, spread
from tests.faults.statements import Statements

ALL = (*FILES, *MEMORY)
PARTS = ("single", "shared", "files", "copies", "memory")


def main(arguments: list[str]) -> None:
    folder, part = Path(arguments[0]), arguments[1]
    wanted = int(arguments[2]) if len(arguments) > 2 else None
    folder.mkdir(exist_ok=True)
    for scenario, kinds in scenarios(folder, part):
        for kind in kinds:
            for point, outcome in sweep(scenario, kind, wanted):
                print(json.dumps(record(scenario, point, outcome)), flush=True)
        scenario.close()
    shutil.rmtree(folder, ignore_errors=True)


def scenarios(folder: Path, part: str) -> Iterator[tuple[Scenario, tuple[Kind, ...]]]:
    faults = Faults(folder)
    if part in ("single", "shared"):
        yield Statements(part, folder, faults, 1 if part == "single" else 2), ALL
    for tasks, kinds, name in (
        (resources.OF_FILES, FILES, "files"),
        (resources.OF_COPIES, FILES, "copies"),
        (resources.OF_MEMORY, MEMORY, "memory"),
    ):
        for task in tasks if part == name else ():
            yield resources.Resources(task, folder, faults), kinds


def sweep(scenario: Scenario, kind: Kind, wanted: int | None) -> Iterator[tuple[Point, Outcome]]:
    for point in every(kind) if wanted is None else spread(scenario, kind, wanted):
        outcome = scenario.run(point)
        if part_of_statements(scenario):
            outcome.judge(point)
        if outcome.failed == 0 and not outcome.wrong:
            return  # there are no more
        yield point, outcome


def part_of_statements(scenario: Scenario) -> bool:
    return isinstance(scenario, Statements)


def record(scenario: Scenario, point: Point, outcome: Outcome) -> dict[str, object]:
    return {
        "scenario": scenario.name,
        "kind": point.kind.name.lower(),
        "errno": name_of(point.error),
        "first": point.first,
        "lasts": point.lasts,
        "where": outcome.where,
        "outcome": outcome.label,
        "errors": outcome.errors,
        "lost": outcome.lost,
        "wrong": outcome.wrong,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
