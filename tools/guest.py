"""Compiles the guest-side C to Emscripten-compatible side modules, the linker's input.

Each folder of GUEST_OBJECTS and LIBRARIES becomes one `<name>.wasm` with a `dylink.0` section:
memory, table, stack pointer and bases imported from `env`, functions exported by their attributes
in the source.
The compiler is the clang of the `ziglang` package. The target has to be `wasm32-emscripten`, since
LLVM's WebAssembly back end emits position-independent code for no other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_OUT = ROOT / "build" / "guest"

GUEST_OBJECTS = {name: ROOT / "csrc" / name for name in ("polling", "encoding", "replication")}
# Libraries, each linked with extensions that need what it has (pglite_native/extensions).
LIBRARIES = {name: ROOT / "csrc" / name for name in ("cxx", "libc", "deflate")}
# Of LLVM's C++ library, which ziglang has: the classes of exceptions, and type information.
LIBCXXABI = ("stdlib_exception", "stdlib_stdexcept", "stdlib_typeinfo", "private_typeinfo")
CLIENT = "client"  # the object that client programs are linked with, which have one transport
CLIENT_SOURCES = (ROOT / "csrc" / "client" / "libpq.c", GUEST_OBJECTS["polling"] / "pglite-comm.c")

# What the interpreter and wasm2c both understand and PGlite's own module uses: no more.
CPU = "mvp+sign_ext+nontrapping_fptoint+bulk_memory"

CFLAGS = [
    "--target=wasm32-emscripten",
    f"-mcpu={CPU}",
    "-std=c11",
    "-O2",
    "-ffreestanding",
    "-fPIC",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-Werror",
    f"-I{GUEST_OBJECTS['polling']}",
]

# As LLVM's library is configured where there are neither threads nor exceptions that are caught.
CXXFLAGS = [
    "--target=wasm32-emscripten",
    f"-mcpu={CPU}",
    "-std=c++23",
    "-O2",
    "-fno-exceptions",
    "-fPIC",
    "-fvisibility=hidden",
    "-nostdinc",
    "-nostdinc++",
    "-D_LIBCPP_BUILDING_LIBRARY",
    "-D_LIBCXXABI_BUILDING_LIBRARY",
    "-D_LIBCXXABI_HAS_NO_THREADS",
    "-D_LIBCPP_ABI_NAMESPACE=__2",  # Emscripten's
    "-D_LIBCPP_ABI_VERSION=2",
    "-D_LIBCPP_HAS_THREADS=0",
    "-D_LIBCPP_HARDENING_MODE_DEFAULT=_LIBCPP_HARDENING_MODE_NONE",
    "-D_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_IGNORE",
]
# Below ziglang's lib/; the order is the compiler's.
CXX_INCLUDES = ("libcxx/include", "libcxxabi/include", "libcxx/src", "libcxxabi/src")
C_INCLUDES = ("include", "libc/include/wasm-wasi-musl", "libc/include/generic-musl")

# Undefined symbols are the point: they become imports that the linker resolves, or lists.
LDFLAGS = ["--experimental-pic", "-shared", "--import-memory", "--allow-undefined", "--strip-debug"]


def polling_switch(environ: dict[str, str]) -> bool:
    """The build switch PGLITE_POLLING: true unless it says otherwise."""
    value = environ.get("PGLITE_POLLING", "true").lower()
    if value not in {"true", "1", "false", "0"}:
        raise SystemExit(f"PGLITE_POLLING must be true or false, not {value!r}")
    return value in {"true", "1"}


def compile(out_dir: Path = DEFAULT_OUT, polling: bool = True) -> list[Path]:
    """Compiles every guest object into `out_dir` and returns the modules."""
    out_dir.mkdir(parents=True, exist_ok=True)
    defines = ["-DPGLITE_USE_POLLING"] if polling else []
    modules = [
        _compile_object(sorted(folder.glob("*.c")), out_dir / f"{name}.wasm", defines)
        for name, folder in GUEST_OBJECTS.items()
    ]
    for name, folder in LIBRARIES.items():
        sources = sorted((*folder.glob("*.c"), *folder.glob("*.cpp")))
        if name == "cxx":
            sources += [zig_lib() / "libcxxabi" / "src" / f"{part}.cpp" for part in LIBCXXABI]
        modules.append(_compile_object(sources, out_dir / f"{name}.wasm", []))
    return [*modules, _compile_object(CLIENT_SOURCES, out_dir / f"{CLIENT}.wasm", [])]


def _compile_object(sources: Sequence[Path], output: Path, defines: list[str]) -> Path:
    with tempfile.TemporaryDirectory() as scratch:
        objects = []
        for source in sources:
            objects.append(str(Path(scratch) / f"{source.stem}.o"))
            compiler = ["c++", *_cxxflags()] if source.suffix == ".cpp" else ["cc", *CFLAGS]
            zig(*compiler, *defines, "-c", str(source), "-o", objects[-1])
        zig("wasm-ld", *LDFLAGS, "-o", str(output), *objects)
    return output


def _cxxflags() -> list[str]:
    lib = zig_lib()
    includes = [f"-I{lib / folder}" for folder in CXX_INCLUDES]
    for folder in C_INCLUDES:
        includes += ["-isystem", str(lib / folder)]
    return [*CXXFLAGS, *includes]


def zig_lib() -> Path:
    found = find_spec("ziglang")
    if found is None or found.origin is None:
        raise SystemExit("no ziglang: tools/requirements-build.txt has it")
    return Path(found.origin).parent / "lib"


def zig(*arguments: str) -> None:
    """Run a program of the `ziglang` package."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compile the guest-side C for the linker.")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for the .wasm files")
    arguments = parser.parse_args()
    for module in compile(arguments.out, polling=polling_switch(dict(os.environ))):
        print(module)


if __name__ == "__main__":
    main()
