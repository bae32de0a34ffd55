"""py-pglite, beside which we are measured: PGlite on Node behind a socket, started from Python."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench.machine import ROOT

PINNED = "py-pglite==0.5.3"
FOLDER = ROOT / "build" / "bench" / "py-pglite"
SITE = FOLDER / "site"
NODE = FOLDER / "node"  # a folder for node's packages, which it fetches itself when it first starts
MODULES = "node_modules"

ATTEMPTS = 5
CONNECT_TIMEOUT_S = 10

Connection = psycopg.Connection[tuple[Any, ...]]


def install() -> None:
    """Put it where no other run of pytest finds its plugin."""
    NODE.mkdir(parents=True, exist_ok=True)
    if not SITE.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(SITE)]
        subprocess.run([*command, PINNED], check=True)


@contextmanager
def connected(node: Path, extensions: Sequence[str] = ()) -> Iterator[Connection]:
    """Start one, whose packages are in `node`; SITE must be on the path."""
    from py_pglite import PGliteConfig, PGliteManager  # type: ignore[import-not-found]

    # A folder of its own, because it kills what runs in the same one.
    with tempfile.TemporaryDirectory(prefix="py-pglite-work-") as folder:
        if (node / MODULES).exists():
            Path(folder, MODULES).symlink_to(node / MODULES)
        config = PGliteConfig(
            work_dir=Path(folder), log_level="WARNING", timeout=60, extensions=[*extensions]
        )
        with PGliteManager(config) as manager:
            _keep_modules(Path(folder), node)
            with _connect(manager) as connection:
                yield connection


def _keep_modules(folder: Path, node: Path) -> None:
    """The first time it has fetched its packages: let the next one find them."""
    if not (node / MODULES).exists():
        (folder / MODULES).rename(node / MODULES)
        (folder / MODULES).symlink_to(node / MODULES)


def _connect(manager: Any) -> Connection:
    """Connect; where a connection came too early its server takes no other one."""
    for _ in range(ATTEMPTS - 1):
        try:
            return psycopg.connect(manager.get_psycopg_uri(), connect_timeout=CONNECT_TIMEOUT_S)
        except psycopg.OperationalError:
            manager.restart()
    return psycopg.connect(manager.get_psycopg_uri(), connect_timeout=CONNECT_TIMEOUT_S)
