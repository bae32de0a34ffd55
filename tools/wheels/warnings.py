"""Compile the host's C for systems other than this one, with warnings as errors.

python -m tools.wheels.warnings
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT
from tools.ffi import LAYERS, THIRD_PARTIES
from tools.wheels import zig
from tools.wheels.targets import TARGETS

FLAGS = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-fno-strict-aliasing", "-Icsrc")


# What asks the operating system: of Windows's that is not written yet.
SYSTEM_LAYER = "platform"
WINDOWS = "x86_64-windows-gnu"


def systems() -> Iterator[tuple[str, list[str]]]:
    """Which layers are compiled for what, as zig calls it."""
    for target in TARGETS:
        if target.is_macos:
            yield target.triple, list(LAYERS)
    yield WINDOWS, [layer for layer in LAYERS if layer != SYSTEM_LAYER]


def compile_layers(triple: str, layers: list[str]) -> None:
    """Compile them, and forget what was made.

    Raises:
        RuntimeError: the compiler fails, or warns, with its message.
    """
    sources = [path for layer in layers for path in sorted((ROOT / "csrc" / layer).rglob("*.c"))]
    flags = [*FLAGS, *(f"-isystembuild/vendor/{part}" for part in THIRD_PARTIES)]
    with tempfile.TemporaryDirectory() as folder:
        jobs = [
            zig.Job(source.relative_to(ROOT), Path(folder) / f"{number}.o", flags)
            for number, source in enumerate(sources)
        ]
        zig.compile_all(zig.compiler(triple), jobs)


def main() -> int:
    for triple, layers in systems():
        try:
            compile_layers(triple, layers)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
