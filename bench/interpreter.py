"""The interpreter as it is, and as wasm3 is without what csrc/guest/wasm3 does for its speed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import geometric_mean

from setuptools import Distribution
from setuptools.command.build_ext import build_ext

from bench import child, progress
from bench.figures import Group
from bench.interpreter_child import STATEMENTS
from bench.machine import ROOT
from tools import ffi

PLAIN = "-DTIER_PLAIN"  # csrc/guest/wasm3/tier.h


def run(rounds: int) -> Iterable[Group]:
    group = Group(
        "The interpreter's speed",
        "How many times faster than unmodified wasm3: the same C otherwise, by turns, a process "
        "each; CPU time of a statement that has been run before. Unmodified means without fused "
        "operations and the cheaper entry; edits that wasm3 needs to be correct are in both.",
    )
    for name in STATEMENTS:
        group.figure(name, "times")
    group.figure("geometric mean", "times", target=1.25, at_least=True)
    plain = _build_plain(ROOT / "build" / "bench")
    ours = next((ROOT / "pglite_native").glob("_engine*.so"))
    for _ in progress.rounds("interpreter", rounds):
        before = child.measure("interpreter_child", plain)
        after = child.measure("interpreter_child", ours)
        ratios = {name: before[name] / after[name] for name in STATEMENTS}
        mean = geometric_mean(ratios.values())
        group.add_samples({**ratios, "geometric mean": mean})
    return (group,)


def _build_plain(folder: Path) -> Path:
    """Compile the extension module without them; what has not changed is not compiled again."""
    extension = ffi.make_ffi(ROOT).distutils_extension(str(folder / "generated"))
    extension.extra_compile_args.append(PLAIN)
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.build_lib, command.build_temp = str(folder), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(extension.name))
