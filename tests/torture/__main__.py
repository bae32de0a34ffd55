"""python -m tests.torture kills|power|soak [--seed N] [--only WORKLOAD…] [--output FOLDER] …

An end that is a defect leaves its folder, and says how it is repeated; the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from bench import progress
from tests.torture import kills, power, soak
from tests.torture.clock import Clock
from tests.torture.report import Result
from tests.torture.workloads import CLASSES

RAM = Path("/dev/shm")
UNRECORDED = {"export"}  # what it writes is in a server
PARTS: dict[str, Callable[[argparse.Namespace, Path, Clock], Result]] = {
    "kills": kills.run,
    "power": power.run,
    "soak": soak.run,
}


def main() -> int:
    arguments = _parse()
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir=arguments.folder))
    print(f"seed {arguments.seed}", file=sys.stderr)
    try:
        result = PARTS[arguments.part](arguments, folder, Clock(arguments.minutes))
    except Exception:
        progress.show("")
        traceback.print_exc()
        print(f"torture: seed {arguments.seed}; its files are in {folder}", file=sys.stderr)
        return 1
    progress.show("")
    shutil.rmtree(folder)
    result.print()
    if arguments.output is not None:
        result.write(arguments.output)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    for name, unit in (("kills", "kills"), ("power", "cuts"), ("soak", "statements")):
        part = parts.add_parser(name)
        part.add_argument("--minutes", type=float, help="for how long at most")
        part.add_argument("--count", type=int, metavar=unit.upper(), help=f"how many {unit}")
        part.add_argument("--seed", type=int, default=random.randrange(10**6))
        part.add_argument("--folder", type=Path, default=RAM if RAM.is_dir() else None)
        part.add_argument("--output", type=Path, help="where a result is to be written")
        if name != "soak":
            choices = [each for each in CLASSES if name == "kills" or each not in UNRECORDED]
            part.add_argument("--only", nargs="+", choices=choices, default=choices)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
