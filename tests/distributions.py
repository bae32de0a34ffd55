"""Wheels and sdists, made and installed for a test."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import ROOT


def build(kind: str, folder: Path) -> Path:
    """Build `--wheel` or `--sdist` into an empty folder."""
    command = [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", str(folder)]
    with _alone():
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    (path,) = folder.iterdir()
    return path


def install(distribution: Path, folder: Path) -> None:
    """Install without an index and without a build environment: as on a machine that is offline."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(folder), str(distribution)],
        check=True,
        env={**os.environ, "PGLITE_NATIVE_VENDOR_DIR": os.devnull},
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Builds share build/; tests may run in several processes."""
    with (ROOT / "build" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
