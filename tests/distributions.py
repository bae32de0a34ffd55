"""Wheels and sdists, made and installed for a test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.building import alone
from tools import ROOT


def build(kind: str, folder: Path) -> Path:
    """Build `--wheel` or `--sdist` into an empty folder."""
    with alone():
        _build(kind, folder)
    (path,) = folder.iterdir()
    return path


def _build(kind: str, folder: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def once_a_run(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that the first of a run's processes makes, for all of them."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= name
    with alone():
        if not folder.exists():
            scratch = folder.with_name(f"{name}.making")
            make(scratch)
            scratch.rename(folder)
    return folder


def make_wheel(folder: Path) -> None:
    """Build the wheel, within `alone`."""
    _build("--wheel", folder)


def install(distribution: Path, folder: Path) -> None:
    """Install without an index and without a build environment: as on a machine that is offline."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(folder), str(distribution)],
        check=True,
        env={**os.environ, "PGLITE_NATIVE_VENDOR_DIR": os.devnull},
    )
