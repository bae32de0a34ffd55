"""Clients that not every machine can have: installed once, into build/clients, or skipped, and why.

psycopg's C build is compiled here, node-postgres comes by npm, in the versions of its lock file.
Libraries that bring hundreds of others are marked `heavy`, and tested where --heavy is given.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tools import ROOT

FOLDER = ROOT / "build" / "clients"
PSYCOPG_C = "psycopg[c]>=3.2,<4"  # both halves, as they only go together in the same version
NODE_PROJECT = Path(__file__).parent / "node"
NODE_FILES = ("package.json", "package-lock.json")


def psycopg_c() -> Path:
    """A folder of Python modules: psycopg and its C build."""

    def install(folder: Path) -> None:
        _need("pg_config", "libpq's headers (Debian's libpq-dev)")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", PSYCOPG_C]
        _run([*pip, "--target", str(folder)], folder)

    return _installed(FOLDER / "psycopg-c", install)


def libraries(*requirements: str) -> Path:
    """A folder of Python modules, of which others in this environment need not know."""

    def install(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", *requirements]
        _run([*pip, "--target", str(folder)], folder)

    return _installed(FOLDER / requirements[0], install)


def node_postgres() -> Path:
    """A project of npm's with node-postgres."""
    _need("node", "Node.js")

    def install(folder: Path) -> None:
        _need("npm", "npm")
        for name in NODE_FILES:
            shutil.copy(NODE_PROJECT / name, folder)
        _run(["npm", "ci", "--silent", "--ignore-scripts"], folder)

    target = FOLDER / "node"
    lock = Path(NODE_FILES[1])
    if target.exists() and (target / lock).read_bytes() != (NODE_PROJECT / lock).read_bytes():
        shutil.rmtree(target)
    return _installed(target, install)


def _installed(target: Path, install: Callable[[Path], None]) -> Path:
    """What an earlier run has installed, or this one does now: the whole of it, or nothing."""
    if not target.exists():
        unfinished = target.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        install(unfinished)
        unfinished.rename(target)
    return target


def _need(program: str, what: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{what} not on this machine")


def _run(command: Sequence[str], folder: Path) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        last = (result.stderr or result.stdout).strip().splitlines()[-1:]
        pytest.skip(f"cannot be installed: {' '.join(command)}: {''.join(last)}")
