"""Write packs (pglite_native/engine/pack.py), of a host's directory too."""

from __future__ import annotations

import stat
from pathlib import Path

from pglite_native.engine.pack import (
    Compression,
    Entry,
    PackError,
    pack,
    unpack,
    write_pack,
)

__all__ = ["Compression", "Entry", "PackError", "pack", "read_directory", "unpack", "write_pack"]


def read_directory(folder: Path) -> list[Entry]:
    """Describe a directory of the host: its own mode, and everything below it."""
    entries = [Entry("", folder.stat().st_mode)]
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = b""
        if stat.S_ISLNK(mode):
            content = str(path.readlink()).encode()
        elif stat.S_ISREG(mode):
            content = path.read_bytes()
        entries.append(Entry(path.relative_to(folder).as_posix(), mode, content))
    return entries
