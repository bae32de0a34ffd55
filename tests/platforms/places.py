"""Where wheels are tried: the Pythons of this machine, and roots of other ones.

A place has what it takes, or says what is missing. Roots are unpacked packages of Debian's, without
a running system: there is no /proc in them, and nothing but what a Python needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.platforms import pythons
from tools import ROOT
from vendor.pins import VendorError

BUILD = ROOT / "build" / "platforms"
DIST = ROOT / "dist"
# What is unpacked of each suite: base-files has the links /lib and /lib64.
SUITES = {
    "bookworm": "python3.11,musl,base-files",
    "trixie": "python3.13,base-files",
    "sid": "python3.14,python3.15,base-files",
    "bullseye": "libc6,libstdc++6,base-files",
}

# Their index is signed for a week at a time. One of an older mirror is signed, too, and will do for
# what is only run here and thrown away.
ROLLING = {"sid"}


class Missing(Exception):
    """A place cannot be had here: which tool is missing."""


@dataclass(frozen=True)
class Place:
    """A Python somewhere."""

    name: str
    """As it is asked for, and what the page says."""

    tag: str
    """Of the wheel, and of those it depends on: their platform."""

    version: str
    """Of the Python: "3.11"."""

    interpreter: str

    abi: str = "abi3"
    """Of the wheel, of those that the Python takes."""

    debian: tuple[str, str] | None = None
    """The suite and architecture that its root is made of; None: it has this machine's files."""

    built_for: str = ""
    """What zig calls the platform that the Python is compiled for; "": there is one."""

    libc: str = ""
    """As Python cannot tell its own."""

    @property
    def root(self) -> Path | None:
        return BUILD / "-".join(self.debian) if self.debian else None

    @property
    def emulator(self) -> tuple[str, ...]:
        is_foreign = self.debian and self.debian[1] != "amd64"
        return ("qemu-aarch64-static", "-L", str(self.root)) if is_foreign else ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Programs."""
        if not self.debian:
            return (self.interpreter,)
        programs = ("mmdebstrap", self.emulator[0] if self.emulator else "chroot")
        return (*programs, *pythons.TOOLS) if self.built_for else programs

    def prepare(self) -> None:
        """Make what is not there yet.

        Raises:
            Missing: a tool is.
        """
        for tool in self.needs:
            if not shutil.which(tool):
                raise Missing(f"no {tool} here")
        if self.debian and self.root and not self.root.exists():
            self._unpack(*self.debian)
        if self.built_for and self.root and not (self.root / self.interpreter[1:]).exists():
            self._build(self.root)
        if not self.root:  # a name may be there without its program: pyenv's
            tried = subprocess.run([self.interpreter, "-c", ""], capture_output=True)
            if tried.returncode != 0:
                raise Missing(f"no {self.interpreter} here")

    def run(self, program: Path, site: Path, tier: str) -> subprocess.CompletedProcess[str]:
        """Run a program with what is installed in `site`."""
        environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
        python = self.interpreter
        if self.root and not self.emulator:
            shutil.copy(program, site)
            shutil.rmtree(self.root / "site", ignore_errors=True)
            shutil.copytree(site, self.root / "site")
            environment["PYTHONPATH"] = "/site"
            command = ["chroot", str(self.root), python, f"/site/{program.name}", tier]
        else:
            if self.root:
                python = str(self.root / python.lstrip("/"))
            command = [*self.emulator, python, str(program), tier]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def _build(self, root: Path) -> None:
        try:
            pythons.build(self.built_for, BUILD / "python", root / pythons.PREFIX[1:])
        except (VendorError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "")
            raise Missing(f"no CPython could be made: {error}\n{said[-1000:]}") from error

    def _unpack(self, suite: str, architecture: str) -> None:
        BUILD.mkdir(parents=True, exist_ok=True)
        assert self.root
        packed = self.root.with_suffix(".tar")
        command = ["mmdebstrap", "--variant=extract", f"--architectures={architecture}"]
        if suite in ROLLING:
            command.append("--aptopt=Acquire::Check-Valid-Until false")
        command += [f"--include={SUITES[suite]}", suite, str(packed)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            packed.unlink(missing_ok=True)
            reasons = [line for line in result.stderr.splitlines() if line.startswith("E: ")]
            raise Missing(f"no Debian {suite}: {reasons[0] if reasons else result.stderr}")
        self.root.mkdir()
        # As devices cannot be made everywhere, and are not needed.
        unpack = ["tar", "-C", str(self.root), "--exclude=./dev/*", "-xf", str(packed)]
        subprocess.run(unpack, check=True)
        packed.unlink()
        (self.root / "dev").mkdir(exist_ok=True)
        (self.root / "tmp").mkdir(exist_ok=True)


PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}  # by what Debian calls them


def _here(version: str) -> Place:
    """A Python of this machine; of a free-threaded one the version ends with a t."""
    python, tag = f"python{version}", "manylinux_2_17_x86_64"
    abi = f"cp{version.replace('.', '')}" if version.endswith("t") else "abi3"
    return Place(f"cpython-{version}", tag, version.rstrip("t"), python, abi)


def _debian(suite: str, release: str, version: str, architecture: str) -> Place:
    """A Python of Debian's own."""
    processor = PROCESSORS[architecture]
    return Place(
        f"debian-{release}-{processor}-cpython-{version}",
        f"manylinux_2_17_{processor}",
        version,
        interpreter=f"/usr/bin/python{version}",
        debian=(suite, architecture),
    )


def _built(name: str, debian: tuple[str, str], libc: str, tag: str, shown: str = "") -> Place:
    """A Python of our making, in a root of Debian's."""
    processor = PROCESSORS[debian[1]]
    return Place(
        f"{name}-{processor}-cpython-{pythons.VERSION}",
        f"{tag}_{processor}",
        pythons.VERSION,
        interpreter=f"{pythons.PREFIX}/bin/python{pythons.VERSION}",
        debian=debian,
        built_for=f"{processor}-linux-{libc}",
        libc=shown,
    )


PLACES = (
    *map(_here, ("3.10", "3.11", "3.12", "3.13", "3.14", "3.14t", "3.15", "3.15t")),
    *(
        _debian(*of, architecture)
        for architecture in PROCESSORS
        for of in (
            ("bookworm", "12", "3.11"),
            ("trixie", "13", "3.13"),
            ("sid", "unstable", "3.14"),
            ("sid", "unstable", "3.15"),
        )
    ),
    _built("debian-11", ("bullseye", "amd64"), "gnu.2.17", "manylinux_2_17"),
    *(
        _built("musl", ("bookworm", architecture), "musl", "musllinux_1_2", "musl 1.2.3")
        for architecture in PROCESSORS
    ),
)


def install(place: Place, wheel: Path) -> Path:
    """Install the wheel and what it needs by this machine's pip. Return the folder."""
    site = BUILD / "site" / place.name
    shutil.rmtree(site, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site)]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={place.version}"]
    if place.abi != "abi3":
        command.append(f"--abi={place.abi}")
    tags = [place.tag, place.tag.replace("manylinux_2_17", "manylinux2014")]
    tags += wheel.stem.split("-")[-1].split(".")
    command += [f"--platform={tag}" for tag in tags]
    subprocess.run([*command, str(wheel)], check=True, stderr=subprocess.DEVNULL)
    return site
