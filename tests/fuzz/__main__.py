"""Fuzz: `python -m tests.fuzz [TARGET…] --seconds 60`, or repeat: `TARGET --input FILE`.

What all runs have come to is kept in build/fuzz/figures.jsonl.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz import figures
from tests.fuzz.building import build
from tests.fuzz.running import Run, repeat, run
from tests.fuzz.targets import BY_NAME, TARGETS, Target


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(BY_NAME))
    parser.add_argument("--seconds", type=int, default=60, help="for all of them together")
    parser.add_argument("--total", type=int, help="go on until there have been so many inputs")
    parser.add_argument("--report", action="store_true", help="write what all runs have come to")
    parser.add_argument("--input", type=Path, help="a file to give to the target, and no other")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.targets if name not in BY_NAME]
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    targets = [BY_NAME[name] for name in arguments.targets] or list(TARGETS)
    if arguments.input:
        if len(targets) != 1:
            parser.error("one target takes the input")
        return repeat(targets[0], arguments.input.resolve())
    status = _fuzz(targets, arguments.seconds)
    while status == 0 and figures.inputs() < (arguments.total or 0):
        status = _fuzz(targets, arguments.seconds)
    if arguments.report:
        print(*figures.write("python -m tests.fuzz"), sep="\n")
    return status


def _fuzz(targets: list[Target], seconds: int) -> int:
    workers = min(os.cpu_count() or 1, len(targets))
    share = max(1, seconds * workers // len(targets))
    for target in targets:
        if target.is_c:
            build(target)

    def one(target: Target) -> tuple[Target, Run, float]:
        start = time.monotonic()
        return target, run(target, share), time.monotonic() - start

    failures = []
    print(f"{'target':10} {'inputs':>12} {'a second':>10} {'edges':>6}", flush=True)
    with ThreadPoolExecutor(workers) as pool:
        for target, result, taken in pool.map(one, targets):
            figures.add(target, result, taken)
            speed = result.inputs / max(taken, 1e-3)
            row = f"{target.name:10} {result.inputs:12,} {speed:10,.0f} {result.edges:6}"
            print(row, flush=True)
            if result.failure:
                failures.append(result.failure)
    print("\n".join(failures), end="")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
