"""Building the targets in C: objects are kept in build/fuzz until a source changes."""

from __future__ import annotations

import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.building import alone
from tests.fuzz.libfuzzer import BUILD, library
from tests.fuzz.targets import CSRC, HERE, Target
from tools import ROOT

COMPILER = shlex.split(os.environ.get("CC", "cc"))
FLAGS = ("-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-omit-frame-pointer")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COVERAGE = ("-fsanitize-coverage=trace-pc,trace-cmp",)
INCLUDES = (
    f"-I{CSRC}",
    f"-I{HERE}",
    *(
        word
        for part in ("wasm3", "xxhash", "zstd")
        for word in ("-isystem", f"{ROOT}/build/vendor/{part}")
    ),
)
# As in tests/wat/test_wat.py: what wasm3 does on purpose. Its code is not ours, and so not counted.
INTERPRETER = CSRC / "guest" / "wasm3" / "interpreter.c"
INTERPRETER_FLAGS = ("-fno-sanitize=all", "-O2")


def build(target: Target) -> Path:
    """Return the path of the target's program.

    Raises:
        Unavailable: there is no libFuzzer.
    """
    with alone():
        return _build(target)


def _build(target: Target) -> Path:
    program = BUILD / f"fuzz_{target.name}"
    fuzzer = library()
    newest = max(path.stat().st_mtime for path in (*CSRC.rglob("*.h"), *HERE.glob("*.h")))
    counting = HERE / "coverage.c"
    own = [HERE / f"fuzz_{target.name}.c", *(HERE / name for name in target.own), counting]
    tested = [path for pattern in target.sources for path in sorted(CSRC.glob(pattern))]

    def compile_one(source: Path) -> Path:
        place = "-".join(source.relative_to(ROOT).with_suffix(".o").parts)
        made = BUILD / "objects" / (target.name if source in own else "") / place
        if made.exists() and made.stat().st_mtime > max(newest, source.stat().st_mtime):
            return made
        made.parent.mkdir(parents=True, exist_ok=True)
        if source == counting:
            special: tuple[str, ...] = ("-O2", f"-DCOUNTERS={target.counters}")
        elif source == INTERPRETER:
            special = INTERPRETER_FLAGS
        else:
            special = (*SANITIZERS, *(() if source in own else COVERAGE))
        options = [*FLAGS, *special, *target.flags, *INCLUDES]
        subprocess.run([*COMPILER, *options, "-c", str(source), "-o", str(made)], check=True)
        return made

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, [*own, *tested]))
    if program.exists() and program.stat().st_mtime > max(
        path.stat().st_mtime for path in (*objects, fuzzer)
    ):
        return program
    wraps = [f"-Wl,--wrap={name}" for name in ("__sanitizer_cov_trace_pc", *target.wraps)]
    libraries = [*target.libraries, "-lstdc++", "-lm", "-lpthread", "-ldl"]
    link: list[str | Path] = [*SANITIZERS, *wraps, *objects, fuzzer, *libraries, "-o", program]
    subprocess.run([*COMPILER, *link], check=True)
    return program
