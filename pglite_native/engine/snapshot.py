"""Snapshot: an engine as it stood at one moment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pglite_native.engine import guest
from pglite_native.engine.atomic_files import replacing
from pglite_native.engine.binding import check, ffi, lib
from pglite_native.uncopied import Uncopied


class Snapshot(Uncopied):
    """An engine's state: rows and files, and the session with all that is open in it.

    Made by `Engine.snapshot` or `Snapshot.load`. It does not change, may be used from any thread,
    and costs memory once however many engines start from it. What it holds is freed when neither
    it nor an engine that was mapped from it is left.
    """

    _instead = "save(path) writes it to a file, which PGlite(image=path) takes, in any process"

    def __init__(self, runtime: guest.Runtime, image: Any) -> None:
        """Not to be called: the arguments are the package's own."""
        self._runtime = runtime
        self._image = image

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Snapshot:
        """Open a file that `save` has written; it must not be written to from now on.

        It is checked against damage, not against malice: as code, it should come from somebody
        you trust.

        Raises:
            OSError: the file cannot be opened.
            SnapshotError: it is not a snapshot, is damaged, or was made with another guest:
                another version of this package, or with other extensions added.
        """
        runtime = guest.runtime()
        return cls(runtime, runtime.open_image(Path(path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, synced, in one step: the file is there whole or not at all.

        A new file has mode 0600, as it holds the database.

        Raises:
            OSError: the file cannot be made.
            EngineError: it cannot be written: no space is left, say.
        """
        target = Path(path)
        error = ffi.new("pgn_error *")
        with replacing(target, private=True) as file:
            status = lib.pgn_image_save(self._image.variable[0], file.fileno(), error)
            check(status, error, where=str(target))

    @property
    def size(self) -> int:
        """Bytes that `save` writes."""
        return int(lib.pgn_image_size(self._image.variable[0]))
