"""Compile the host's C for systems other than this one, with warnings as errors.

python -m tools.wheels.warnings
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tools import ROOT
from tools.ffi import LAYERS, THIRD_PARTIES
from tools.wheels import zig
from tools.wheels.targets import TARGETS

FLAGS = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-fno-strict-aliasing", "-Icsrc")


def main() -> int:
    sources = [path for layer in LAYERS for path in sorted((ROOT / "csrc" / layer).rglob("*.c"))]
    flags = [*FLAGS, *(f"-isystembuild/vendor/{part}" for part in THIRD_PARTIES)]
    for target in TARGETS:
        if not target.is_macos:
            continue
        with tempfile.TemporaryDirectory() as folder:
            jobs = [
                zig.Job(source.relative_to(ROOT), Path(folder) / f"{number}.o", flags)
                for number, source in enumerate(sources)
            ]
            try:
                zig.compile_all(zig.compiler(target.triple), jobs)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
