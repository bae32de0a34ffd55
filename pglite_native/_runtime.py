"""The guest's code and files, loaded once in a process and shared by its engines."""

from __future__ import annotations

import threading
from importlib import resources
from pathlib import Path
from typing import Any

from pglite_native._native import check, ffi, lib

_lock = threading.Lock()
_runtimes: dict[Path, Any] = {}


_FILES = ("pglite.wasm", "initdb.wasm", "system.pack", "cluster.pack")


def packaged() -> Path:
    """Return the folder of the packaged guest, which has the four files."""
    return Path(str(resources.files("pglite_native") / "resources"))


def open_runtime(folder: Path) -> Any:
    """Open the guest in a folder: a pgn_runtime, never to be closed while engines live.

    Without cluster.pack only engines with a data directory of their own, or initdb_args, can open:
    so the build makes it. Raises EngineError when another file is missing or not what it should be.
    """
    handle, error = ffi.new("pgn_runtime **"), ffi.new("pgn_error *")
    paths = [bytes(folder / name) for name in _FILES]
    if not (folder / "cluster.pack").exists():
        paths[-1] = ffi.NULL
    check(lib.pgn_runtime_open(*paths, handle, error), error)
    return handle[0]


def runtime(folder: Path | None = None) -> Any:
    """Return the process's runtime of a folder, by default the packaged one."""
    folder = (folder or packaged()).resolve()
    with _lock:
        if folder not in _runtimes:
            _runtimes[folder] = open_runtime(folder)
        return _runtimes[folder]
