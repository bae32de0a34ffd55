"""A CPython for places whose own is too old or missing: of Debian's source, compiled by zig.

Without what takes other libraries (ctypes, ssl, zlib and the like), which the package does not need
for what is tried.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import ziglang

from vendor import debian

VERSION = "3.11"
PREFIX = "/python"  # of what is made, in its root
SUITE = "bookworm"  # which has that version's source
LEFT_OUT = shutil.ignore_patterns(
    "test", "tests", "idlelib", "tkinter", "turtledemo", "__pycache__"
)
ANSWERS = (
    # What configure cannot ask a machine that it does not run on.
    "ac_cv_file__dev_ptmx=yes",
    "ac_cv_file__dev_ptc=no",
    "ac_cv_buggy_getaddrinfo=no",
    # zig's musl has these, Debian's does not.
    "ac_cv_func_preadv2=no",
    "ac_cv_func_pwritev2=no",
    "py_cv_module__crypt=n/a",
)
TOOLS = (f"python{VERSION}", "apt-get", "make", "readelf")
"""What it takes: a Python of the same version runs the build."""


def build(triple: str, scratch: Path, prefix: Path) -> None:
    """Make `prefix`/bin/python3.11 and its library for a platform, as zig calls that.

    Raises:
        CalledProcessError: a step fails; what it said is in its `stderr`.
        VendorError: the source cannot be fetched.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    source = _source(scratch)
    folder = scratch / triple
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    zig = Path(ziglang.__file__).parent / "zig"
    cache = str(scratch / "zig")
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}

    def run(*command: str) -> None:
        subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True
        )

    processor, system, libc = triple.split("-")
    run(
        str(source / "configure"),
        f"--host={processor}-{system}-{libc.partition('.')[0]}",
        # Never the host's name, so that nothing is run that may not run here.
        f"--build={os.uname().machine}-pc-linux-gnu",
        f"--with-build-python={_real(TOOLS[0])}",
        "--disable-test-modules",
        "--without-ensurepip",
        "--with-pkg-config=no",
        f"CC={zig} cc -target {triple} -fPIC -fno-sanitize=all -Wno-date-time",
        f"AR={zig} ar",
        f"RANLIB={zig} ranlib",
        f"READELF={shutil.which('readelf')}",
        "LDFLAGS=-dynamic -lc",  # musl, too, as a library, without which nothing can be loaded
        *ANSWERS,
    )
    if libc == "musl":  # which that version's configure does not see when clang compiles for it
        for name in ("Makefile.pre", "Makefile"):  # the second is made of the first again
            makefile = folder / name
            makefile.write_text(makefile.read_text().replace("-linux-gnu", "-linux-musl"))
    # Position-independent: else it would copy musl's `environ`, and musl would look at its own.
    program = "LINKFORSHARED=-pie -Xlinker -export-dynamic"
    # All modules in the program, as setup.py makes a muddle of zig's include folders.
    modules = (folder / "Modules/Setup.stdlib").read_text().replace("*shared*", "*static*")
    (folder / "Modules/Setup.local").write_text(modules)
    run("make", "-s", f"-j{os.cpu_count()}", program, "python", "pybuilddir.txt")
    _install(source, folder, prefix)


def _real(python: str) -> str:
    """The interpreter itself, as configure does not follow pyenv's scripts."""
    command = [python, "-c", "import sys; print(sys.executable)"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _source(scratch: Path) -> Path:
    folders = list(scratch.glob("Python-*/"))
    if folders:
        return folders[0]
    packed = debian.fetch_source(f"python{VERSION}", SUITE, scratch)
    with tarfile.open(packed) as archive:
        archive.extractall(scratch, filter="tar")
    (folder,) = scratch.glob("Python-*/")
    return folder


def _install(source: Path, folder: Path, prefix: Path) -> None:
    shutil.rmtree(prefix, ignore_errors=True)
    library = prefix / "lib" / f"python{VERSION}"
    shutil.copytree(source / "Lib", library, ignore=LEFT_OUT)
    (built,) = folder.glob("build/lib.*/")
    shutil.copytree(built, library / "lib-dynload")
    (prefix / "bin").mkdir()
    shutil.copy(folder / "python", prefix / "bin" / f"python{VERSION}")
