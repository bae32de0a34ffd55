"""Files whose checksum was found to be right: an empty note for each in the user's cache.

A note is named by what changes with a file: its device, inode, size, and times. So a checksum over
some tens of MiB is computed once, and not as each process starts. What cannot be noted is checked
each time.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from pglite_native.engine.folders import make_private
from pglite_native.engine.store import cache

SETTLED_S = 2.0
"""One that was changed more recently may be changed again without its times telling."""

NOTES_MAX = 16
"""Where there are more, most are of files that are gone."""


def is_known(file: int) -> bool:
    """Whether a file, by its descriptor, was noted, and has not changed since then."""
    try:
        return os.stat(cache() / _name(file)).st_uid == os.geteuid()
    except OSError:
        return False


def note(file: int) -> None:
    """Note that a file's checksum is right, where that can be done."""
    if time.time() - os.fstat(file).st_ctime < SETTLED_S:
        return
    folder = cache()
    with suppress(OSError):
        make_private(folder)
        notes = os.listdir(folder)
        for old in notes if len(notes) >= NOTES_MAX else ():
            os.unlink(folder / old)
        (folder / _name(file)).touch()


def _name(file: int) -> str:
    status = os.fstat(file)
    parts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "-".join(f"{part:x}" for part in parts)
