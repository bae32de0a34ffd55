"""The guest's code and files, loaded once in a process and shared by its engines."""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from pglite_native import _store
from pglite_native._native import check, ffi, lib
from pglite_native.errors import EngineError


class Files(NamedTuple):
    """A guest: the linked module, initdb, packs of its tree and of a fresh cluster, the image."""

    module: Path
    initdb: Path
    system: Path
    cluster: Path
    image: Path


NAMES = ("pglite.wasm", "initdb.wasm", "system.pack", "cluster.pack", "postgres.image")


class Runtime:
    """A guest in use. It is never closed: engines may live as long as the process."""

    def __init__(self, files: Files) -> None:
        """Open a guest.

        Without cluster.pack only engines with a data directory of their own, or initdb_args, can
        open, and without an image they boot: so the build makes both.

        Raises:
            EngineError: another file is missing or not what it should be.
        """
        self.files = files
        handle, error = ffi.new("pgn_runtime **"), ffi.new("pgn_error *")
        *paths, cluster = (bytes(path) for path in files[:-1])
        if not files.cluster.exists():
            cluster = ffi.NULL
        check(lib.pgn_runtime_open(*paths, cluster, handle, error), error)
        self.handle: Any = handle[0]
        self._image: Any = None
        self._lock = threading.Lock()

    def packaged_image(self) -> Any:
        """Return the guest's image, a pgn_image, checked once."""
        with self._lock:
            if self._image is None:
                try:
                    self._image = self.open_image(self.files.image)
                except (OSError, EngineError) as error:
                    raise EngineError(
                        f"{error}. Is the package complete? Engine(image=False) boots without it"
                    ) from error
            return self._image

    def open_image(self, path: Path) -> Any:
        """Return the image in a file, a pgn_image.

        Raises:
            OSError: the file cannot be opened.
            EngineError: it is not an image, damaged, or of another guest.
        """
        image, error = ffi.new("pgn_image **"), ffi.new("pgn_error *")
        with path.open("rb") as file:
            status = lib.pgn_image_open(self.handle, file.fileno(), image, error)
        check(status, error, where=str(path))
        return ffi.gc(image[0], lib.pgn_image_free)


_lock = threading.Lock()
_runtimes: dict[Files, Runtime] = {}


@cache
def packaged() -> Path:
    """Return the folder of the packaged guest's files."""
    return Path(str(resources.files("pglite_native") / "resources")).resolve()


def files() -> Files:
    """Return the guest's files: packaged ones, or the user's in their place (`extensions`)."""
    own = _store.Store(packaged(), _store.home()).current()
    found = (own / name if own and (own / name).exists() else packaged() / name for name in NAMES)
    return Files(*found)


def runtime() -> Runtime:
    """Return the process's runtime of the guest that is in use."""
    guest = files()
    with _lock:
        if guest not in _runtimes:
            _runtimes[guest] = Runtime(guest)
        return _runtimes[guest]
