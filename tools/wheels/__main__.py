"""Make the wheels of every platform, on one Linux machine.

    python -m tools.wheels [NAME ...]

Without names: all. Each has a wheel for the stable ABI, and one for each free-threaded Python. What
has been made of the same before is kept, in build/wheels. Their dates, and what the packaged
database takes for now, are SOURCE_DATE_EPOCH, or the last commit's: so the same comes of the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tools import ROOT
from tools.build import PACKAGE, STAMPS
from tools.stamp import report
from tools.wheels import assemble, check, guest, modules
from tools.wheels.targets import ABIS, TARGETS

BUILD = ROOT / "build" / "wheels"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tools.wheels", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    names = [target.name for target in TARGETS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist", help="a folder (default: dist)"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(
            f"no such platform: {', '.join(sorted(unknown))}; there are {', '.join(names)}"
        )
    targets = [target for target in TARGETS if target.name in (arguments.names or names)]

    os.environ.setdefault("SOURCE_DATE_EPOCH", _last_commit())
    host = assemble.build_host(BUILD / "host")
    guest.source_step(BUILD, next(PACKAGE.glob("_engine.*.so"))).run(STAMPS)
    wheels = []
    for target in targets:
        guest.code_step(target, BUILD).run(STAMPS)
        guest.link(target, BUILD)
        for abi in ABIS:
            modules.step(target, abi, BUILD).run(STAMPS)
            wheel = assemble.assemble(host, target, abi, BUILD, arguments.output)
            wheels.append((target, abi, wheel))
    problems = [problem for made in wheels for problem in check.check(*made)]
    for target, _, wheel in wheels:
        report(target.name, f"{wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB")
    if problems:
        sys.exit("\n".join(["wheels: not to be published:", *problems]))


def _last_commit() -> str:
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
