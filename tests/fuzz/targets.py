"""The targets: what is fuzzed, and what it is built of.

A target in C is `fuzz_NAME.c`, linked with libFuzzer and with layers of csrc that are instrumented;
one in Python is the module `fuzz_NAME`.
"""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT
from tools.guest import GUEST_OBJECTS

HERE = Path(__file__).resolve().parent
CSRC = ROOT / "csrc"
CORPUS = HERE / "corpus"


@dataclass(frozen=True)
class Target:
    """One entry point for bytes that come from outside."""

    name: str
    what: str
    sources: tuple[str, ...] = ()
    """Of csrc, as patterns; none: the target is in Python."""
    own: tuple[str, ...] = ()
    """Of this folder, beside its own file."""
    size: int = 4096
    """Bytes of the longest input."""
    counters: int = 8192
    """For coverage: a power of two, some times the basic blocks."""
    leaks: bool = True
    """Whether memory that is not freed is a defect of ours."""
    wraps: tuple[str, ...] = ()
    """Functions that the target puts itself in place of."""
    flags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    @property
    def is_c(self) -> bool:
        return bool(self.sources)

    @property
    def corpus(self) -> Path:
        return CORPUS / self.name


LAYERS = ("base/*.c", "platform/*.c", "vfs/*.c")

HOST = (*LAYERS, "guest/*.c", "guest/*/*.c", "host/*.c")
ENGINE = (*HOST, "engine/*/*.c")
RESOURCES = (f'-DRESOURCES="{ROOT / "pglite_native" / "resources"}"',)
WRAPS = ("arena_allocate", "arena_free")

SPACE = ("space.c", "scratch.c")


def _python(name: str) -> str:
    return str(sysconfig.get_config_var(name))


TARGETS = (
    Target(
        "imports",
        "the host's imports, called by a hostile guest",
        HOST,
        own=SPACE,
        wraps=WRAPS,
        counters=16384,
        size=1024,
    ),
    Target(
        "directory",
        "the same, with a directory of the host's mounted",
        HOST,
        own=SPACE,
        wraps=WRAPS,
        counters=16384,
        size=1024,
    ),
    Target("module", "WebAssembly modules", ("base/errno.c", "base/status.c", "guest/binary.c")),
    Target("pack", "packs, mounted and unpacked", LAYERS, own=SPACE, wraps=WRAPS, size=20480),
    Target("image", "images and snapshots", (*HOST, "engine/instance/*.c"), size=512),
    Target("address", "numeric Internet addresses", ("host/inet.c",), size=64, counters=1024),
    Target(
        "encoding",
        "conversions of text",
        ("encoding/*.c",),
        own=("../polling/fake_postgres.c",),
        flags=tuple(f"-I{folder}" for folder in (*GUEST_OBJECTS.values(), ROOT / "tests/polling")),
        size=256,
        counters=4096,
    ),
    Target(
        "rows",
        "a server's messages into Python and Arrow, and values into messages",
        ("python/rows.c", "python/messages.c", "python/arrow.c"),
        flags=(f"-isystem{_python('INCLUDEPY')}",),
        libraries=(
            f"-L{_python('LIBDIR')}",
            f"-Wl,-rpath,{_python('LIBDIR')}",
            f"-lpython{_python('LDVERSION')}",
        ),
        counters=4096,
        size=1024,
        leaks=False,
    ),
    Target(
        "protocol",
        "conversations with an engine, whole and in pieces",
        ENGINE,
        own=("engine.c",),
        flags=RESOURCES,
        counters=16384,
        size=2048,
    ),
    Target(
        "client",
        "the same by a socket that an engine serves",
        ENGINE,
        own=("engine.c",),
        flags=RESOURCES,
        counters=16384,
        size=2048,
    ),
    Target("server", "clients of a server from their first byte on"),
    Target("tarball", "tarballs of data directories and extensions", size=20480),
)

BY_NAME = {target.name: target for target in TARGETS}
