"""Make the tarballs of contrib modules that PGlite lacks: `python -m tools.contrib.build [NAME]...`

Each becomes a side module, as Emscripten makes one, of PostgreSQL's source by the clang of ziglang;
and with its SQL a tarball, as PGlite's packages have it, for `extension add` and for the wheels.
"""

from __future__ import annotations

import argparse
import gzip
import io
import shutil
import tarfile
import tempfile
from pathlib import Path

from pglite_native.extensions.published import WHEELS
from tools import ROOT
from tools.guest import CPU, LDFLAGS, zig, zig_lib
from vendor.fetch import find_archive
from vendor.pins import Pin, load_pins
from vendor.unpack import unpack

FOLDER = Path(__file__).parent
BUILD = ROOT / "build" / "contrib"

# As PostgreSQL itself is compiled; setjmp is that of Emscripten's JavaScript, as in all of PGlite.
CFLAGS = (
    *("--target=wasm32-emscripten", f"-mcpu={CPU}", "-std=gnu11", "-O2", "-fPIC"),
    *("-fvisibility=hidden", "-fno-strict-aliasing", "-fwrapv", "-nostdinc"),
    *("-mllvm", "-enable-emscripten-sjlj", "-Dsigsetjmp(buffer,mask)=setjmp(buffer)"),
)
# musl's, below ziglang's lib/libc/include/: what is particular to a machine is nowhere used.
C_INCLUDES = ("generic-musl", "x86-linux-musl")
TYPES = "bits/alltypes.h"


def tarball(name: str) -> bytes:
    """Return a module's tarball; the same comes of the same.

    Raises:
        VendorError: the source cannot be fetched, or is not what was pinned.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for pin, archive in archives():
            unpack(pin, archive, folder / pin.name)
        _configure(folder)
        module = _compile(folder, name)
        source = folder / "source" / "contrib" / name
        scripts = sorted((*source.glob("*.control"), *source.glob("*.sql")))
        files = {f"share/postgresql/extension/{path.name}": path.read_bytes() for path in scripts}
        return _packed({f"lib/postgresql/{name}.so": module, **files})


def archives() -> list[tuple[Pin, Path]]:
    """Return what modules are made of, fetched where it is not here yet.

    Raises:
        VendorError: it cannot be fetched, or is not what was pinned.
    """
    return [(pin, find_archive(pin)) for pin in load_pins(FOLDER / "pins.toml")]


def built(name: str) -> Path:
    """Return the path of a module's tarball, which is made anew."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / f"{name}.tar.gz"
    path.write_bytes(tarball(name))
    return path


def _configure(folder: Path) -> None:
    """Put our configuration into the headers, and into the C library's that addresses are long."""
    headers = folder / "headers" / "server"
    (headers / "pg_config.h").rename(headers / "pg_config_linux.h")
    shutil.copy(FOLDER / "pg_config.h", headers)
    types = folder / "libc" / TYPES
    types.parent.mkdir(parents=True)
    text = (_libc() / C_INCLUDES[0] / TYPES).read_text(encoding="utf-8")
    for name in ("_Addr", "_Reg"):
        text = text.replace(f"#define {name} int", f"#define {name} long")
    types.write_text(text, encoding="utf-8")


def _compile(folder: Path, name: str) -> bytes:
    includes = [f"-I{folder / 'headers' / 'server'}", "-isystem", str(folder / "libc")]
    for part in C_INCLUDES:
        includes += ["-isystem", str(_libc() / part)]
    objects = []
    for source in sorted((folder / "source" / "contrib" / name).glob("*.c")):
        objects.append(str(source.with_suffix(".o")))
        zig("cc", *CFLAGS, *includes, "-c", str(source), "-o", objects[-1])
    output = folder / f"{name}.wasm"
    zig("wasm-ld", *LDFLAGS, "-o", str(output), *objects)
    return output.read_bytes()


def _libc() -> Path:
    return zig_lib() / "libc" / "include"


def _packed(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tools.contrib.build", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(WHEELS)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(WHEELS):
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    for name in arguments.names or WHEELS:
        print(built(name).relative_to(ROOT))


if __name__ == "__main__":
    main()
