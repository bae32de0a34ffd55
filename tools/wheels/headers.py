"""Header files of CPython's, of the versions that wheels are made for.

They are the same on every platform, and with and without the GIL, but for one: pyconfig.h, which
is here.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

from vendor import debian
from vendor.pins import VendorError

CONFIGURATION = Path(__file__).with_name("pyconfig.h")
SUITE = "sid"  # which has all versions that are out
ASKED = "import sysconfig; print(sysconfig.get_path('include'))"


def copy(version: str, folder: Path) -> Path:
    """Make `folder` the headers of a version; of "" of the Python that this runs in.

    Raises:
        RuntimeError: they cannot be had here.
    """
    source = _here(version) or _debian(version, folder.with_name(f"{folder.name}-debian"))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    shutil.copy(CONFIGURATION, folder)
    return folder


def _here(version: str) -> Path | None:
    """The headers of a Python on the path."""
    if not version:
        return Path(sysconfig.get_path("include"))
    python = shutil.which(f"python{version}")
    if python is None:
        return None
    asked = subprocess.run([python, "-c", ASKED], capture_output=True, text=True)
    found = Path(asked.stdout.strip())
    return found if asked.returncode == 0 and (found / "Python.h").exists() else None


def _debian(version: str, scratch: Path) -> Path:
    """Those of Debian's package, fetched once."""
    headers = scratch / "usr" / "include" / f"python{version}"
    if headers.exists():
        return headers
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        package = debian.fetch_package(f"libpython{version}-dev", SUITE, scratch)
        subprocess.run(["dpkg-deb", "-x", package, scratch], check=True)
    except (VendorError, OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(
            f"no headers of CPython {version} here: install python{version} with them, or have"
            f" Debian's apt-get, which failed: {error}"
        ) from error
    return headers
