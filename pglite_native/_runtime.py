"""The guest's code and files, loaded once in a process and shared by its engines."""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pglite_native import _store
from pglite_native._native import check, ffi, lib

_lock = threading.Lock()
_runtimes: dict[tuple[Path, ...], Any] = {}


_FILES = ("pglite.wasm", "initdb.wasm", "system.pack", "cluster.pack")


@cache
def packaged() -> Path:
    """Return the folder of the packaged guest, which has the four files."""
    return Path(str(resources.files("pglite_native") / "resources")).resolve()


def files() -> tuple[Path, ...]:
    """Return the guest's four files: packaged ones, or the user's in their place (`extensions`)."""
    own = _store.Store(packaged(), _store.home()).current()
    if own is None:
        return tuple(packaged() / name for name in _FILES)
    return tuple(own / name if (own / name).exists() else packaged() / name for name in _FILES)


def open_runtime(files: tuple[Path, ...]) -> Any:
    """Open a guest: a pgn_runtime, never to be closed while engines live.

    Without cluster.pack only engines with a data directory of their own, or initdb_args, can open:
    so the build makes it. Raises EngineError when another file is missing or not what it should be.
    """
    handle, error = ffi.new("pgn_runtime **"), ffi.new("pgn_error *")
    paths = [bytes(path) for path in files]
    if not files[-1].exists():
        paths[-1] = ffi.NULL
    check(lib.pgn_runtime_open(*paths, handle, error), error)
    return handle[0]


def runtime() -> Any:
    """Return the process's runtime of the guest that is in use."""
    guest = files()
    with _lock:
        if guest not in _runtimes:
            _runtimes[guest] = open_runtime(guest)
        return _runtimes[guest]
