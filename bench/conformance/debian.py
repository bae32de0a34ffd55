"""A native PostgreSQL with extensions: Debian's packages, unpacked, and nothing installed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from vendor.debian import run, set_up

BINARIES = "testing"
PROGRAMS = "usr/lib/postgresql/18/bin"
LIBRARIES = ("x86_64-linux-gnu", "x86_64-linux-gnu/blas", "x86_64-linux-gnu/lapack", ".")
EXTENSIONS = "usr/share/postgresql/18/extension"  # where PostGIS's are alternatives, by version

# Programs of another Debian run by that one's loader, and so with its libraries.
WRAPPER = """\
#!/bin/sh
export PROJ_DATA={root}/usr/share/proj GDAL_DATA={root}/usr/share/gdal
exec {root}/usr/lib64/ld-linux-x86-64.so.2 --library-path {libraries} {program} "$@"
"""


def installed(packages: Sequence[str], folder: Path) -> Path:
    """Unpack binary packages and all they depend on; return the folder of PostgreSQL's programs.

    They are given as `name=version`; nothing of them is configured, or run, by root.
    """
    root = folder / sha256(repr((packages, WRAPPER, LIBRARIES)).encode()).hexdigest()[:12]
    if root.is_dir():
        return root / PROGRAMS
    private, unfinished = folder / "apt", root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    options = set_up(private, [f"deb {{}} {BINARIES} main"])
    wanted = ["--download-only", "--no-install-recommends", "--yes", *packages]
    run(["apt-get", *options, "--quiet", "install", *wanted], folder)
    for package in (private / "cache" / "archives").glob("*.deb"):
        run(["dpkg-deb", "--extract", str(package), str(unfinished)], folder)
    for control in (unfinished / EXTENSIONS).glob("*-3.control"):
        shutil.copy(
            control, control.with_name(f"{control.name.removesuffix('-3.control')}.control")
        )
    for name in ("initdb", "postgres"):
        wrapper = unfinished / PROGRAMS / name
        program = wrapper.rename(wrapper.with_suffix(".elf"))
        libraries = ":".join(f"{root}/usr/lib/{name}" for name in LIBRARIES)
        place = root / program.relative_to(unfinished)
        wrapper.write_text(WRAPPER.format(root=root, libraries=libraries, program=place))
        wrapper.chmod(0o755)
    unfinished.rename(root)
    shutil.rmtree(private)
    return root / PROGRAMS
