"""Packages of Debian's, by apt-get, without touching the machine's own configuration.

A machine's suite seldom has the version wanted, so those where new versions arrive are asked, at
the archive that the machine's apt-get is set up for. What apt-get has to write goes into a folder
of ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from vendor.pins import Pin, VendorError

SUITES = ("unstable", "testing", "stable")
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


def download(pin: Pin, folder: Path) -> None:
    """Have apt-get write `pin.archive` into `folder`."""
    private = folder / "apt"
    options = _set_up(private, [f"deb-src {{}} {suite} main" for suite in SUITES])
    _run(["apt-get", *options, "--quiet", "update"], folder)
    described = _run(["apt-cache", *options, "showsrc", "--only-source", pin.package], folder)
    version = matching_version(described, pin.version)
    if version is None:
        raise VendorError(f"Debian's {' and '.join(SUITES)} have no {pin.package} {pin.version}")
    source = ["--download-only", "--tar-only", f"{pin.package}={version}"]
    _run(["apt-get", *options, "--quiet", "source", *source], folder)
    if not (folder / pin.archive).is_file():
        raise VendorError(f"apt-get left no {pin.archive}")
    shutil.rmtree(private)


def installed(packages: Sequence[str], folder: Path) -> Path:
    """Unpack binary packages and all they depend on; return the folder of PostgreSQL's programs.

    They are given as `name=version`; nothing of them is configured, or run, by root.
    """
    root = folder / sha256(repr((packages, WRAPPER, LIBRARIES)).encode()).hexdigest()[:12]
    if root.is_dir():
        return root / PROGRAMS
    private, unfinished = folder / "apt", root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    options = _set_up(private, [f"deb {{}} {BINARIES} main"])
    _run(["apt-get", *options, "--quiet", "update"], folder)
    wanted = ["--download-only", "--no-install-recommends", "--yes", *packages]
    _run(["apt-get", *options, "--quiet", "install", *wanted], folder)
    for package in (private / "cache" / "archives").glob("*.deb"):
        _run(["dpkg-deb", "--extract", str(package), str(unfinished)], folder)
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


def matching_version(described: str, upstream: str) -> str | None:
    """The first package version of an upstream version, in what `apt-cache showsrc` prints."""
    for line in described.splitlines():
        name, _, version = line.partition(": ")
        if name == "Version" and version.rpartition("-")[0] == upstream:
            return version
    return None


def _set_up(private: Path, lines: Sequence[str]) -> list[str]:
    """Make what apt-get needs, with sources as sources.list has them; return its options."""
    for name in ("lists/partial", "cache/archives/partial"):
        (private / name).mkdir(parents=True, exist_ok=True)
    archive = f"[signed-by={_keyring(private)}] {_site(private)}"
    sources = private / "sources.list"
    sources.write_text("".join(f"{line.format(archive)}\n" for line in lines))
    (private / "status").touch()  # nothing is installed
    return _options(private, sources)


def _site(folder: Path) -> str:
    """Where the machine gets Debian's main archive from."""
    fields = "$(ORIGIN) $(LABEL) $(COMPONENT) $(SITE)"
    for line in _run(["apt-get", "indextargets", "--format", fields], folder).splitlines():
        if line.startswith("Debian Debian main "):
            return line.rpartition(" ")[2]
    raise VendorError("apt-get knows no Debian archive: has `apt-get update` been run?")


def _keyring(folder: Path) -> str:
    """The keys of all of Debian's suites, not only of the machine's own."""
    package = "debian-archive-keyring"
    for path in _run(["dpkg", "-L", package], folder).splitlines():
        if path.rpartition("/")[2] in (f"{package}.gpg", f"{package}.pgp"):
            return path
    raise VendorError(f"{package} has no keys of that name")


def _options(private: Path, sources: Path) -> list[str]:
    values = {
        "Dir::State::Lists": private / "lists",
        "Dir::State::Status": private / "status",
        "Dir::Cache": private / "cache",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": os.devnull,
        "Acquire::Languages": "none",
    }
    if os.geteuid() == 0:
        # apt-get's own user may not be able to enter our folder.
        values["APT::Sandbox::User"] = "root"
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]


def _run(command: Sequence[str], folder: Path) -> str:
    """Return what it prints. Of a failure, the last line that it says."""
    try:
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise VendorError(f"there is no {command[0]}") from None
    if ran.returncode != 0:
        lines = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
        raise VendorError(f"{command[0]} failed: {lines[-1] if lines else ran.returncode}")
    return ran.stdout
