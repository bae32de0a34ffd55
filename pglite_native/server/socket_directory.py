"""A temporary directory for a Unix socket: removed by its process, or after a kill by the next.

It is locked (flock) before there is a socket in it. So one that has no lock is a dead process's,
unless it has just been made.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "pglite-native-"

PATH_MAX = 64
"""Bytes of a folder below which the path of a socket fits in a sockaddr_un, on every system."""

BEGINNING_S = 60.0
"""One that is empty and not locked is, for so long, taken for one that is being made."""


class SocketDirectory:
    """A new one, of mode 0700; those of dead processes of the same user are removed."""

    def __init__(self) -> None:
        place = _place()
        for left in Path(place).glob(f"{PREFIX}*"):
            with suppress(OSError):  # another process removes it, say
                _remove_if_dead(left)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._lock: int | None = lock

    def remove(self) -> None:
        """Remove it with all that is in it; idempotent."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            self.give_up()

    def give_up(self) -> None:
        """Let go of it, and leave it as it is: in a child of fork it is the parent's."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def _place() -> str:
    """TMPDIR, or where its path is too long for a socket, what most systems have."""
    place = tempfile.gettempdir()
    return place if len(os.fsencode(place)) <= PATH_MAX else "/tmp"


def _remove_if_dead(directory: Path) -> None:
    if directory.is_symlink() or directory.stat().st_uid != os.getuid():
        return
    with _opened(directory) as fd:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # OSError: its process lives
        entries = list(directory.iterdir())
        is_new = time.time() - directory.stat().st_mtime < BEGINNING_S
        if (not entries and is_new) or not all(map(_is_dead, entries)):
            return
        for entry in entries:
            entry.unlink()
        directory.rmdir()


def _is_dead(path: Path) -> bool:
    """Whether it is a socket without a process behind it: nothing else is ours to remove."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(os.fspath(path)) == errno.ECONNREFUSED


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
