"""Folders that are the user's alone."""

from __future__ import annotations

from pathlib import Path

MODE = 0o700


def make_private(folder: Path) -> None:
    """Make a folder if it is not there, and those above it that are missing, as initdb does.

    Whatever the umask is: who could write to one of them could put another folder in its place.

    Raises:
        OSError: it cannot be made, or there is something else of that name.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(MODE, exist_ok=True)
    if not missing and not folder.is_dir():
        raise NotADirectoryError(f"not a folder: {folder}")
