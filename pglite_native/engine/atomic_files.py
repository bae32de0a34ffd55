"""Files that are there whole or not at all: written under a scratch name, synced, renamed.

A scratch file is locked (flock) for as long as it is being written. So one that no process has
locked is what a killed process has left, and the next to write a file beside it removes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PREFIX = ".pglite-native-"
NEW, PRIVATE = 0o666, 0o600  # of which the umask takes some away
SCRATCH = re.escape(PREFIX) + "[0-9a-f]{16}"


@contextlib.contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file that takes the path's place when it is whole and synced.

    What was there before stays, should anything fail, the power included. The new file has the
    old one's permissions; where there was none, the umask's, or, if it is private, 0600. A link
    stays, and what it names is replaced.

    Raises:
        FileExistsError: there is something else than a file: a device must not be replaced.
    """
    asked, path = path, Path(os.path.realpath(path))  # which loops of links do not stop
    _remove_left_over(path.parent)
    scratch = path.parent / f"{PREFIX}{os.urandom(8).hex()}"
    try:
        try:
            mode = _mode(path)
            with _created(scratch, PRIVATE if private else NEW) as file:
                if mode is not None:  # before there is anything in it
                    os.fchmod(file.fileno(), mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
                scratch.replace(path)  # while it is locked
            sync_directory(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):  # the first error is the one to report
                scratch.unlink(missing_ok=True)
            raise
    except OSError as error:
        error.filename = os.fspath(
            asked
        )  # a write has none, and the scratch file is not the user's
        error.filename2 = None
        raise


def _mode(path: Path) -> int | None:
    """The permissions of the file there; None: there is none."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of which the rename says more
        raise FileExistsError(errno.EEXIST, "not a regular file", str(path))
    return stat.S_IMODE(mode)


def sync_directory(path: Path) -> None:
    """Write its entries through to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _created(path: Path, mode: int) -> BinaryIO:
    """Create a file, and lock it."""
    while True:
        file = open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
        with contextlib.suppress(OSError):  # a file system without locks, where none is removed
            _lock(file.fileno(), wait=True)
        if path.exists():
            return file
        file.close()  # it was taken for a left one before it was locked


def _remove_left_over(folder: Path) -> None:
    for path in folder.glob(f"{PREFIX}*"):
        if re.fullmatch(SCRATCH, path.name):
            with contextlib.suppress(OSError):  # it is being written, or is another user's
                _remove_unless_locked(path)


def _remove_unless_locked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        _lock(descriptor, wait=False)
        path.unlink()
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> None:
    import fcntl  # not on every platform

    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
