"""What all runs have come to: kept in build/fuzz, written to bench/results/ when asked for."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path

from bench import machine
from bench.report import RESULTS
from tests.fuzz.libfuzzer import BUILD
from tests.fuzz.running import Run
from tests.fuzz.targets import BY_NAME, Target

ROWS = BUILD / "figures.jsonl"


def add(target: Target, run: Run, seconds: float) -> None:
    row = {
        "target": target.name,
        "inputs": run.inputs,
        "seconds": round(seconds, 1),
        "edges": run.edges,
        "failure": run.failure.partition("\n")[0],
    }
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _read() -> list[dict[str, object]]:
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    return [json.loads(line) for line in lines]


def inputs() -> int:
    """How many there have been, of all targets."""
    return sum(int(str(row["inputs"])) for row in _read())


def write(command: str) -> list[Path]:
    """Write the sums, with machine and commit, as bench/ does; the paths of both files."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in _read():
        found = sums[str(row["target"])]
        found[0] += int(str(row["inputs"]))
        found[1] += float(str(row["seconds"]))
        found[2] = max(found[2], int(str(row["edges"])))
        found[3] += bool(row["failure"])
    head = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "command": command,
    }
    described = machine.describe()
    figures = [
        {
            "target": target.name,
            "what": target.what,
            "inputs": int(sums[target.name][0]),
            "seconds": round(sums[target.name][1]),
            "places_reached": int(sums[target.name][2]),
            "runs_that_found_something": int(sums[target.name][3]),
        }
        for target in BY_NAME.values()
    ]
    base = RESULTS / f"{head['date'][:10]}-{head['commit']}-fuzz"
    whole = {**head, "machine": described, "figures": figures}
    texts = {
        ".json": json.dumps(whole, indent=1, ensure_ascii=False) + "\n",
        ".md": _markdown(head, described, figures),
    }
    paths = [base.with_name(base.name + ending) for ending in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def _markdown(
    head: dict[str, str], described: dict[str, object], figures: list[dict[str, object]]
) -> str:
    lines = [f"# Fuzzing until {head['date'][:10]}", ""]
    lines += [f"- {name}: {value}" for name, value in head.items()]
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in described.items()]
    lines += ["", "Inputs of all runs that led to this commit, the C under ASAN and UBSAN. Places"]
    lines += ["are basic blocks of the C that a target is built of; Python's are not counted.", ""]
    lines += ["| target | what | inputs | seconds | places reached | runs that found something |"]
    lines += ["|---|---|---:|---:|---:|---:|"]
    for row in figures:
        cells = [row["target"], row["what"], *(f"{value:,}" for value in list(row.values())[2:])]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    total = sum(int(str(row["inputs"])) for row in figures)
    lines += ["", f"{total:,} inputs in all."]
    return "\n".join(lines) + "\n"
