"""Compile the linked module for the AOT tier.

    python -m tools.aot [MODULE.wasm LIBRARY.so [EXTENSION]] [--jobs N]

Without arguments: the package's module, into its resources. The extension module, which runs it, is
for training the compiler on it. PGLITE_NATIVE_CC and PGLITE_NATIVE_CFLAGS say how; what has been
compiled so before comes from the cache.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from pglite_native.aot.compile import build, show
from pglite_native.aot.compiler import Compiler
from tools import ROOT
from tools.aot.training import Training
from tools.cluster import load_extensions

PACKAGE = ROOT / "pglite_native"
PACKAGED = (
    PACKAGE / "resources" / "pglite.wasm",
    PACKAGE / "resources" / "pglite-aot.so",
    PACKAGE / "_engine.abi3.so",
)

# Enough for many processors to share; small enough for 200 MB each.
FILES = 24


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools.aot", description=__doc__.partition("\n")[0])
    parser.add_argument("files", type=Path, nargs="*", metavar="MODULE.wasm LIBRARY.so [EXTENSION]")
    parser.add_argument("--jobs", type=int, help="compilers at a time (default: processors)")
    arguments = parser.parse_args()
    if len(arguments.files) not in (0, 2, 3):
        parser.error("wants a module and a library, and perhaps the extension module")
    module, library, *extension = arguments.files or PACKAGED
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        made = build(
            unpacked(module, Path(folder), *extension),
            library,
            Compiler.from_environment(),
            FILES,
            training=Training(extension[0].resolve()) if extension else None,
            jobs=arguments.jobs,
            progress=show,
        )
    took = f"compiled in {time.monotonic() - start:.0f} s" if made else "from the cache"
    print(f"aot: {library.name}: {took}, {library.stat().st_size / 1e6:.1f} MB", file=sys.stderr)


def unpacked(module: Path, folder: Path, extension: Path | None = None) -> Path:
    """Return a file with the module as it is, in the folder if the other one is compressed."""
    if extension is None:
        return module
    load_extensions(extension)
    from pglite_native.engine import compressed

    plain = folder / module.name
    plain.write_bytes(compressed.read(module))
    return plain


if __name__ == "__main__":
    main()
