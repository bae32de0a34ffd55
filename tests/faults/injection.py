"""Calls of the system that fail: the control of injection.c, preloaded into this process."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("injection.c")
HOST = "/_engine."  # in the name of the library whose calls for memory fail
SHORT = -1


class Kind(IntEnum):
    """What injection.c can make fail, in its order."""

    OPEN = 0
    READ = 1
    WRITE = 2
    SYNC = 3
    TRUNCATE = 4
    ALLOCATE = 5
    RENAME = 6
    UNLINK = 7
    MKDIR = 8
    STAT = 9
    MALLOC = 10
    MMAP = 11
    MPROTECT = 12
    MEMFD = 13
    THREAD = 14


FILES = tuple(kind for kind in Kind if kind < Kind.MALLOC)
MEMORY = tuple(kind for kind in Kind if kind >= Kind.MALLOC)


class _Control(ctypes.Structure):
    _fields_ = (
        ("kinds", ctypes.c_uint32),
        ("error", ctypes.c_int32),
        ("first", ctypes.c_uint64),
        ("lasts", ctypes.c_uint32),
        ("failed", ctypes.c_uint32),
        ("seen", ctypes.c_uint64),
        ("prefix", ctypes.c_char * 512),
        ("caller", ctypes.c_char * 64),
        ("path", ctypes.c_char * 512),
        ("kind", ctypes.c_uint32),
    )


def build(folder: Path) -> Path:
    """Compile the library; return its path."""
    library = folder / "injection.so"
    compiler = os.environ.get("CC", "cc")
    flags = ["-std=gnu11", "-O1", "-shared", "-fPIC"]
    command = [compiler, *flags, str(SOURCE), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    return library


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a process into which the library is preloaded."""
    control = folder / "faults"
    control.write_bytes(bytes(ctypes.sizeof(_Control)))
    control.chmod(0o666)  # a native server has a user of its own
    return {**os.environ, "LD_PRELOAD": str(build(folder)), "FAULTS": str(control)}


class Faults:
    """What is to fail below a folder, in this process and in those that share its environment."""

    def __init__(self, prefix: Path, control: str | None = None) -> None:
        with open(control or os.environ["FAULTS"], "r+b") as file:
            self._control = _Control.from_buffer(mmap.mmap(file.fileno(), 0))
        self._control.kinds = 0
        self._control.prefix = os.fsencode(prefix)
        self._control.caller = HOST.encode()

    def begin(self, kind: Kind, error: int, first: int, *, lasts: bool) -> None:
        """Let the `first`-th call of a kind fail from now on; all after it, where that lasts."""
        control = self._control
        control.kinds = 0
        control.seen = control.failed = 0
        control.path = b""
        control.error, control.first, control.lasts = error, first, lasts
        control.kinds = 1 << kind

    def end(self) -> None:
        self._control.kinds = 0

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Let nothing fail, nor be counted, for a while."""
        kinds, self._control.kinds = self._control.kinds, 0
        try:
            yield
        finally:
            self._control.kinds = kinds

    @property
    def seen(self) -> int:
        """Calls of the kind since it began."""
        return int(self._control.seen)

    @property
    def failed(self) -> int:
        """Those of them that failed."""
        return int(self._control.failed)

    @property
    def where(self) -> str:
        """What the first that failed was for: a path, or a function."""
        return os.fsdecode(self._control.path)


def name_of(error: int) -> str:
    return "short" if error == SHORT else errno.errorcode[error]
