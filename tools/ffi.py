"""The extension module, for cffi: declarations from the engine's headers, sources from csrc/.

setup.py hands this file to cffi. The C API is declared once, in two headers of csrc/engine/api and
the types they include: the compiler reads the whole files, cffi what stands between the markers.
"""

from __future__ import annotations

from pathlib import Path

import cffi

MODULE = "pglite_native._engine"
TYPES = "engine/instance/types.h"
HEADERS = ("engine/api/pglite_native.h", "engine/api/inspection.h")
CDEF_BEGIN = "/* cffi: begin */"
CDEF_END = "/* cffi: end */"

# What runs on the host: polling/, encoding/, replication/ and client/ are compiled for guests, and
# csrc/guest/wasm3 includes wasm3's sources.
LAYERS = ("base", "platform", "vfs", "guest", "host", "engine")

# What of build/vendor is compiled, by being included.
THIRD_PARTIES = ("wasm3", "xxhash", "zstd")

CFLAGS = [
    "-std=gnu11",
    "-O3",
    "-fvisibility=hidden",
    # wasm3 dispatches by tail calls and reads its slots as several types.
    "-fno-strict-aliasing",
    "-fno-semantic-interposition",
    "-fno-asynchronous-unwind-tables",  # nothing unwinds C: a sixth of the file
    "-Werror=implicit-function-declaration",
]


def declarations(header: str) -> str:
    """Cut the declarations that cffi can parse out of the header's text."""
    if header.count(CDEF_BEGIN) != 1 or header.count(CDEF_END) != 1:
        raise ValueError(f"a header for cffi wants {CDEF_BEGIN} and {CDEF_END} once each")
    return header.partition(CDEF_BEGIN)[2].partition(CDEF_END)[0]


def make_ffi(root: Path) -> cffi.FFI:
    csrc = root / "csrc"
    sources = [path for layer in LAYERS for path in sorted((csrc / layer).rglob("*.c"))]
    headers = [path for layer in LAYERS for path in sorted((csrc / layer).rglob("*.h"))]
    ffi = cffi.FFI()
    for header in (TYPES, *HEADERS):
        ffi.cdef(declarations((csrc / header).read_text(encoding="utf-8")))
    ffi.set_source(
        MODULE,
        "\n".join(f'#include "{header}"' for header in HEADERS),
        # Relative, as setuptools puts the objects under the sources' paths.
        sources=[str(path.relative_to(root)) for path in sources],
        include_dirs=["csrc"],
        depends=[str(path.relative_to(root)) for path in [*headers, root / "tools" / "ffi.py"]],
        # System folders, to the compiler: their warnings are not ours to mend.
        extra_compile_args=[*CFLAGS, *(f"-isystembuild/vendor/{part}" for part in THIRD_PARTIES)],
        libraries=["m", "pthread"],
    )
    return ffi


if __name__ == "__cffi__":
    ffi = make_ffi(Path.cwd())
