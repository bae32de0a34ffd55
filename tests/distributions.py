"""Wheels and sdists, made and installed for a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.building import alone
from tools import ROOT


def build(kind: str, folder: Path) -> Path:
    """Build `--wheel` or `--sdist` into an empty folder."""
    command = [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", str(folder)]
    with alone():
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
