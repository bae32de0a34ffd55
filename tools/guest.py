"""Compiles the guest-side C to Emscripten-compatible side modules, the linker's input.

Each folder of GUEST_OBJECTS becomes one `<name>.wasm` with a `dylink.0` section: memory, table, stack
pointer and bases imported from `env`, functions exported by their attributes in the source. The compiler
is the clang of the `ziglang` package. The target has to be `wasm32-emscripten`, since LLVM's WebAssembly
back end emits position-independent code for no other.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_OUT = ROOT / "build" / "guest"

GUEST_OBJECTS = {"polling": ROOT / "csrc" / "polling", "encoding": ROOT / "csrc" / "encoding"}

# What both the interpreter and wasm2c understand, and PGlite's own module uses: no more.
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

# Undefined symbols are the point: they become imports that the linker resolves, or lists.
LDFLAGS = ["--experimental-pic", "-shared", "--import-memory", "--allow-undefined", "--strip-debug"]


def polling_switch(environ: dict[str, str]) -> bool:
    """The build switch PGLITE_POLLING: true unless it says otherwise."""
    value = environ.get("PGLITE_POLLING", "true").lower()
    if value not in {"true", "1", "false", "0"}:
        raise SystemExit(f"PGLITE_POLLING must be true or false, not {value!r}")
    return value in {"true", "1"}


def _zig(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


def _fingerprint(files: list[Path], flags: list[str]) -> str:
    digest = hashlib.sha256(importlib.metadata.version("ziglang").encode())
    digest.update(Path(__file__).read_bytes())
    digest.update("\0".join(flags).encode())
    for file in files:
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _compile_object(name: str, out_dir: Path, defines: list[str]) -> Path:
    source = GUEST_OBJECTS[name]
    headers = [file for folder in GUEST_OBJECTS.values() for file in folder.glob("*.h")]
    sources = sorted(source.glob("*.c"))
    output = out_dir / f"{name}.wasm"
    stamp = out_dir / f"{name}.stamp"
    fingerprint = _fingerprint(sorted(headers) + sources, defines)
    if output.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        print(f"guest: {output.name} is up to date")
        return output

    print(f"guest: compiling {output.name} from {len(sources)} files")
    stamp.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        objects = []
        for file in sources:
            objects.append(str(Path(scratch) / f"{file.stem}.o"))
            _zig("cc", *CFLAGS, *defines, "-c", str(file), "-o", objects[-1])
        _zig("wasm-ld", *LDFLAGS, "-o", str(output), *objects)
    stamp.write_text(fingerprint)
    return output


def compile(out_dir: Path = DEFAULT_OUT, polling: bool = True) -> list[Path]:
    """Compiles every guest object into `out_dir` and returns the modules; unchanged ones are kept."""
    out_dir.mkdir(parents=True, exist_ok=True)
    defines = ["-DPGLITE_USE_POLLING"] if polling else []
    return [_compile_object(name, out_dir, defines) for name in GUEST_OBJECTS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for the .wasm files")
    arguments = parser.parse_args()
    compile(arguments.out, polling=polling_switch(dict(os.environ)))


if __name__ == "__main__":
    main()
