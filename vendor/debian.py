"""Packages and sources of Debian's, by apt-get, without touching the machine's own configuration.

A machine's suite seldom has the version wanted, so those where new versions arrive are asked, at
the archive that the machine's apt-get is set up for. What apt-get has to write goes into a folder
of ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from vendor.pins import Pin, VendorError

SUITES = ("unstable", "testing", "stable")


def download(pin: Pin, folder: Path) -> None:
    """Have apt-get write `pin.archive` into `folder`."""
    private = folder / "apt"
    options = set_up(private, [f"deb-src {{}} {suite} main" for suite in SUITES])
    described = run(["apt-cache", *options, "showsrc", "--only-source", pin.package], folder)
    version = matching_version(described, pin.version)
    if version is None:
        raise VendorError(f"Debian's {' and '.join(SUITES)} have no {pin.package} {pin.version}")
    source = ["--download-only", "--tar-only", f"{pin.package}={version}"]
    run(["apt-get", *options, "--quiet", "source", *source], folder)
    if not (folder / pin.archive).is_file():
        raise VendorError(f"apt-get left no {pin.archive}")
    shutil.rmtree(private)


def fetch_package(name: str, suite: str, folder: Path) -> Path:
    """Return a suite's package, as a file in `folder`.

    Raises:
        VendorError: apt-get is not here, or fails.
    """
    return _fetch(f"deb {{}} {suite} main", ["download", name], folder, f"{name}_*.deb")


def fetch_source(name: str, suite: str, folder: Path) -> Path:
    """Return the archive of a package's upstream source, as a file in `folder`.

    Raises:
        VendorError: apt-get is not here, or fails.
    """
    words = ["source", "--download-only", "--tar-only", name]
    return _fetch(f"deb-src {{}} {suite} main", words, folder, f"{name}_*.orig.tar.*z")


def _fetch(line: str, words: Sequence[str], folder: Path, pattern: str) -> Path:
    options = set_up(folder / "apt", [line])
    run(["apt-get", *options, "--quiet", *words], folder)
    return max(folder.glob(pattern))


def matching_version(described: str, upstream: str) -> str | None:
    """The first package version of an upstream version, in what `apt-cache showsrc` prints."""
    for line in described.splitlines():
        name, _, version = line.partition(": ")
        if name == "Version" and version.rpartition("-")[0] == upstream:
            return version
    return None


def set_up(private: Path, lines: Sequence[str]) -> list[str]:
    """Have apt-get know sources, as sources.list has them; return its options."""
    for name in ("lists/partial", "cache/archives/partial"):
        (private / name).mkdir(parents=True, exist_ok=True)
    archive = f"[signed-by={_keyring(private)}] {_site(private)}"
    sources = private / "sources.list"
    sources.write_text("".join(f"{line.format(archive)}\n" for line in lines))
    (private / "status").touch()  # nothing is installed
    options = _options(private, sources)
    run(["apt-get", *options, "--quiet", "update"], private)
    return options


def _site(folder: Path) -> str:
    """Where the machine gets Debian's main archive from."""
    fields = "$(ORIGIN) $(LABEL) $(COMPONENT) $(SITE)"
    for line in run(["apt-get", "indextargets", "--format", fields], folder).splitlines():
        if line.startswith("Debian Debian main "):
            return line.rpartition(" ")[2]
    raise VendorError("apt-get knows no Debian archive: has `apt-get update` been run?")


def _keyring(folder: Path) -> str:
    """The keys of all of Debian's suites, not only of the machine's own."""
    package = "debian-archive-keyring"
    for path in run(["dpkg", "-L", package], folder).splitlines():
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


def run(command: Sequence[str], folder: Path) -> str:
    """Return what it prints. Raises VendorError with the last line that it says, if it fails."""
    try:
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise VendorError(f"there is no {command[0]}") from None
    if ran.returncode != 0:
        lines = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
        raise VendorError(f"{command[0]} failed: {lines[-1] if lines else ran.returncode}")
    return ran.stdout
