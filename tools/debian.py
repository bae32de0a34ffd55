"""Packages and sources of Debian's: fetched by apt, which checks them, by its own configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

TRUSTED = "/usr/share/keyrings/"  # whose keys an index has to be signed by


def fetch_package(name: str, suite: str, scratch: Path) -> Path:
    """Return a package of a suite, as a file in `scratch`.

    Raises:
        CalledProcessError: apt fails; what it said is in its `stderr`.
        OSError: there is no apt here.
    """
    return _fetch("deb", suite, scratch, ("download", name), f"{name}_*.deb")


def fetch_source(name: str, suite: str, scratch: Path) -> Path:
    """Return the archive of a package's upstream source, as a file in `scratch`.

    Raises:
        CalledProcessError: apt fails; what it said is in its `stderr`.
        OSError: there is no apt here.
    """
    words = ("source", "--download-only", name)
    return _fetch("deb-src", suite, scratch, words, f"{name}_*.orig.tar.*z")


def _fetch(kind: str, suite: str, scratch: Path, words: tuple[str, ...], pattern: str) -> Path:
    apt = scratch / "apt"
    for name in ("etc/apt", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    (apt / "etc/apt/sources.list").write_text(f"{kind} {_mirror()} {suite} main\n")
    (apt / "status").touch()
    options = {"Dir": apt, "Dir::State::status": apt / "status", "Dir::Etc::trustedparts": TRUSTED}
    options["APT::Sandbox::User"] = "root"  # no other user may write here
    command = ["apt-get", *(f"-o{name}={value}" for name, value in options.items())]
    for rest in (("update",), words):
        subprocess.run([*command, *rest], cwd=scratch, check=True, capture_output=True, text=True)
    return max(scratch.glob(pattern))


def _mirror() -> str:
    """Where this machine gets Debian's packages from."""
    command = ["apt-get", "indextargets", "--format=$(REPO_URI)", "Created-By: Packages"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return next(uri for uri in found if "security" not in uri)
