"""Binary files, as far as the package asks anything of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol


class Readable(Protocol):
    def read(self, size: int, /) -> bytes | None:
        """Return at most so many bytes, none at the end."""


class Writable(Protocol):
    def write(self, data: bytes, /) -> object:
        """Write all of it."""


Source = bytes | bytearray | memoryview | Readable | Iterable[bytes]
"""Bytes, whole, from a binary file, or in pieces of any size."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the path's place when it is whole and synced.

    What was there before stays, should anything fail, the power included.
    """
    scratch = path.with_name(f".pglite-native-{os.urandom(8).hex()}")
    try:
        with scratch.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
        _sync_directory(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):  # what came first is what to tell
            scratch.unlink(missing_ok=True)
        if isinstance(error, OSError):  # that of a write names no file; of others, the scratch
            error.filename, error.filename2 = os.fspath(path), None
        raise


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def chunks(source: Source, size: int) -> Iterator[bytes]:
    """Yield what is in a source, in chunks of about a size whatever its own pieces are.

    Raises:
        TypeError: there are not bytes in it.
    """
    pending = bytearray()
    for piece in _pieces(source, size):
        pending += _bytes(piece)
        while len(pending) >= size:
            yield bytes(pending[:size])
            del pending[:size]
    if pending:
        yield bytes(pending)


def _pieces(source: Source, size: int) -> Iterator[bytes]:
    if isinstance(source, bytes | bytearray | memoryview):
        view = memoryview(source).cast("B")
        for start in range(0, len(view), size):
            yield bytes(view[start : start + size])
    elif hasattr(source, "read"):
        while piece := source.read(size):
            yield piece
    else:
        yield from source


def _bytes(piece: object) -> bytes | bytearray | memoryview:
    if not isinstance(piece, bytes | bytearray | memoryview):  # a list of integers is bytes, too
        raise TypeError(
            f"a source must yield bytes, and it yielded {type(piece).__qualname__} came"
        )
    return piece
