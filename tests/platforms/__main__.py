"""Try the wheels in dist/ wherever that can be done here.

    python -m tests.platforms [--wheel PATH] [NAME ...]

Without names: everywhere. With a wheel: that one, as `make wheel` leaves it, which runs where the C
library is new enough. What came of it is written into docs/PLATFORMS.md, between its marks; a
place that cannot be had here is skipped, with the reason, and keeps what the page says of it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests.platforms.places import DIST, PLACES, Missing, Place, install
from tools import ROOT

PROGRAM = Path(__file__).with_name("program.py")
PAGE = ROOT / "docs" / "PLATFORMS.md"
TIERS = ("aot", "wasm3")
BEGIN, END = "<!-- runs: begin -->\n", "<!-- runs: end -->\n"
HEAD = "| place | Python | C library | AOT tier | wasm3 | run |\n|---|---|---|---|---|---|\n"


class Run(NamedTuple):
    """What came of one tier."""

    steps: int
    seconds: float
    place: list[str]  # Python's version, the processor, the C library
    failure: str

    def __str__(self) -> str:
        return f"{self.steps} steps, {self.seconds:.0f} s" if not self.failure else "fails"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.platforms")
    names = [place.name for place in PLACES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--wheel", type=Path, help="instead of the one in dist/ for the place")
    arguments = parser.parse_args()
    chosen = arguments.names or names
    failed = False
    for place in PLACES:
        if place.name not in chosen:
            continue
        try:
            runs = [try_tier(place, tier, arguments.wheel) for tier in TIERS]
        except Missing as reason:
            print(f"{place.name}: skipped: {reason}", flush=True)
            continue
        for tier, run in zip(TIERS, runs, strict=True):
            print(f"{place.name}: {tier}: {run} {run.failure}", flush=True)
            failed |= bool(run.failure)
        version, _, libc = runs[0].place
        columns = (
            place.name,
            version,
            place.libc or libc,
            *map(str, runs),
            datetime.date.today().isoformat(),
        )
        write(place, f"| {' | '.join(columns)} |")
    return 1 if failed else 0


def try_tier(place: Place, tier: str, wheel: Path | None) -> Run:
    wheels = [wheel] if wheel else sorted(DIST.glob(f"*-{place.abi}-*{place.tag}*.whl"))
    if not wheels:
        raise Missing(f"no wheel for {place.abi} and {place.tag} in {DIST.name}: make wheels")
    place.prepare()
    site = install(place, wheels[-1])
    start = time.monotonic()
    result = place.run(PROGRAM, site, tier)
    steps = re.findall(r"^ok (\w+)", result.stdout, re.M)
    seconds = time.monotonic() - start
    if result.returncode != 0:
        return Run(len(steps), seconds, [place.version, "", ""], f"after {steps}: {result.stderr}")
    return Run(len(steps), seconds, json.loads(result.stdout.splitlines()[-1]), "")


def write(place: Place, line: str) -> None:
    """Put a line into the page, in the places' order, in place of what it said of the place."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    known = {row.split(" | ")[0].strip("| "): row for row in table.splitlines()[2:]}
    known[place.name] = line
    rows = "".join(f"{known[place.name]}\n" for place in PLACES if place.name in known)
    PAGE.write_text(f"{before}{BEGIN}{HEAD}{rows}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
