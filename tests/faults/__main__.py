"""Every call fails once, of statements and of what opens and copies engines: it takes hours.

    python -m tests.faults --all                 # each part in a process of its own
    python -m tests.faults --points 20 single    # 20 calls of each kind, of one part
    python -m tests.faults --all --tier wasm3

The figures go to bench/results/. A process that crashes counts as wrong, and ends its part.
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
from collections.abc import Sequence
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
    parser.add_argument("--tier", default="auto", help="aot, wasm3 or auto")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    count: Count = Counter()
    wrong: list[Record] = []
    for part in arguments.parts or PARTS:
        run(part, arguments.points, arguments.tier, count, wrong)
    write(arguments.output, arguments.tier, count, wrong)
    for record in wrong:
        print(json.dumps(record))
    print(f"{sum(count.values())} points, {len(wrong)} wrong")
    return bool(wrong)


def run(part: str, points: int | None, tier: str, count: Count, wrong: list[Record]) -> None:
    """Count the outcomes of a part."""
    with tempfile.TemporaryDirectory() as built, tempfile.TemporaryDirectory(dir=RAM) as folder:
        environment = injection.environment(Path(built))
        environment["PGLITE_NATIVE_TIER"] = tier
        command = [sys.executable, "-m", "tests.faults.sweep", f"{folder}/{part}", part]
        command += [] if points is None else [str(points)]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as sweep:
            assert sweep.stdout is not None
            for line in sweep.stdout:
                record: Record = json.loads(line)
                count[part, str(record["kind"]), str(record["outcome"])] += 1
                if record["wrong"]:
                    wrong.append(record)
                show(f"{part}: {sum(count.values())} points, {len(wrong)} wrong")
        show("")
        if sweep.returncode != 0:
            count[part, "process", "wrong"] += 1
            wrong.append({"scenario": part, "wrong": f"the process ended: {sweep.returncode}"})


def show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def write(folder: Path, tier: str, count: Count, wrong: Sequence[Record]) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    facts = {
        "date": now.isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "command": " ".join(["python -m tests.faults", *sys.argv[1:]]),
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
