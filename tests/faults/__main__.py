"""Every call fails once, of statements and of what opens and copies engines.

    python -m tests.faults --all                 # each part in a process of its own
    python -m tests.faults --all single shared   # five minutes; files and copies take an hour each
    python -m tests.faults --points 20 single    # 20 calls of each kind, of one part
    python -m tests.faults --all --tier wasm3

The figures go to bench/results/. A process that crashes counts as wrong, and ends its part. With
--lines FOLDER each outcome is written down at once, a line of JSON in a file of its part, and the
files of such a folder are what the figures are of: also those of parts that have run before.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import machine
from tests.faults import injection
from tests.faults.sweep import PARTS
from tools import ROOT

RAM = Path("/dev/shm")
Record = dict[str, object]
Count = Counter[tuple[str, str, str]]  # points by part, kind and outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all of them")
    amount = parser.add_mutually_exclusive_group(required=True)
    amount.add_argument("--all", action="store_true", help="every call")
    amount.add_argument("--points", type=int, help="so many calls of each kind")
    amount.add_argument("--none", action="store_true", help="only the figures of --lines")
    parser.add_argument("--lines", type=Path, metavar="FOLDER", help="where outcomes are kept")
    parser.add_argument("--tier", default="auto", help="aot, wasm3 or auto")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as temporary:
        lines = arguments.lines or Path(temporary)
        lines.mkdir(parents=True, exist_ok=True)
        for part in () if arguments.none else arguments.parts or PARTS:
            run(part, arguments.points, arguments.tier, lines / f"{part}.jsonl")
        count, wrong = figures(lines)
    how = f"--points {arguments.points}" if arguments.points else "--all"
    command = f"python -m tests.faults {how} {' '.join(sorted({key[0] for key in count}))}"
    write(arguments.output, command, arguments.tier, count, wrong)
    for record in wrong:
        print(json.dumps(record))
    print(f"{sum(count.values())} points, {len(wrong)} wrong")
    return bool(wrong)


def run(part: str, points: int | None, tier: str, lines: Path) -> None:
    """Write the outcomes of a part down."""
    number = 0
    with tempfile.TemporaryDirectory() as built, tempfile.TemporaryDirectory(dir=RAM) as folder:
        environment = injection.environment(Path(built))
        environment["PGLITE_NATIVE_TIER"] = tier
        command = [sys.executable, "-m", "tests.faults.sweep", f"{folder}/{part}", part]
        command += [] if points is None else [str(points)]
        with (
            lines.open("w", encoding="utf-8") as file,
            subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
            ) as sweep,
        ):
            assert sweep.stdout is not None
            for number, line in enumerate(sweep.stdout, start=1):
                file.write(line)
                file.flush()
                show(f"{part}: {number} points")
        show("")
        if sweep.returncode != 0:
            ended = f"the process ended after {number} points: {sweep.returncode}"
            record = {"scenario": part, "kind": "process", "outcome": "wrong", "wrong": ended}
            with lines.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")


def figures(lines: Path) -> tuple[Count, list[Record]]:
    """How many points had which outcome, and those that were wrong."""
    count: Count = Counter()
    wrong: list[Record] = []
    for path in sorted(lines.glob("*.jsonl")):
        for record in records(path):
            count[path.stem, str(record["kind"]), str(record["outcome"])] += 1
            if record["wrong"]:
                wrong.append(record)
    return count, wrong


def records(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def write(folder: Path, command: str, tier: str, count: Count, wrong: Sequence[Record]) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    facts = {
        "date": now.isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "command": f"{command} --tier {tier}",
        "tier": tier,
        "points": sum(count.values()),
        "wrong": len(wrong),
    }
    path = folder / f"{now:%Y-%m-%d}-{facts['commit']}-faults-{tier}"
    rows = [[*key, number] for key, number in sorted(count.items())]
    result = {**facts, "machine": machine.describe(), "outcomes": rows, "wrong": list(wrong)}
    path.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    lines = [f"# Calls that fail, {now:%Y-%m-%d}", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += [f"- {name}: {value}" for name, value in machine.describe().items()]
    lines += ["", "| part | what fails | outcome | points |", "|---|---|---|---:|"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.pop("LD_PRELOAD", None)
    sys.exit(main())
