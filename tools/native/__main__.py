"""Compile the linked module for the native tier.

    python -m tools.native [MODULE.wasm LIBRARY.so [EXTENSION]] [--jobs N]

Without arguments: the package's module, into its resources. The extension module, which runs it, is
for training the compiler on it. PGLITE_NATIVE_CC and PGLITE_NATIVE_CFLAGS say how; what has been
compiled so before comes from the cache.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tools import ROOT
from tools.native.compile import Compiler, build, show
from tools.native.training import Training

PACKAGE = ROOT / "pglite_native"
RESOURCES = PACKAGE / "resources"

# Enough for many processors to share; small enough for 200 MB each.
FILES = 24


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools.native", description=__doc__.partition("\n")[0])
    parser.add_argument("module", type=Path, nargs="?", default=RESOURCES / "pglite.wasm")
    parser.add_argument("library", type=Path, nargs="?", default=RESOURCES / "pglite-native.so")
    parser.add_argument("extension", type=Path, nargs="?")
    parser.add_argument("--jobs", type=int, help="compilers at a time (default: processors)")
    arguments = parser.parse_args()
    extension = arguments.extension
    if arguments.module == parser.get_default("module"):
        extension = PACKAGE / "_engine.abi3.so"
    start = time.monotonic()
    made = build(
        arguments.module,
        arguments.library,
        Compiler.from_environment(),
        FILES,
        training=Training(extension.resolve()) if extension else None,
        jobs=arguments.jobs,
        progress=show,
    )
    took = f"compiled in {time.monotonic() - start:.0f} s" if made else "from the cache"
    megabytes = arguments.library.stat().st_size / 1e6
    print(f"native: {arguments.library.name}: {took}, {megabytes:.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
