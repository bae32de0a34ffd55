"""Binary files, as far as the package asks anything of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Protocol


class Readable(Protocol):
    def read(self, size: int, /) -> bytes | None:
        """Return at most so many bytes, none at the end."""


class Writable(Protocol):
    def write(self, data: bytes, /) -> object:
        """Write all of it."""


Source = bytes | bytearray | memoryview | Readable | Iterable[bytes]
"""Bytes, whole, from a binary file, or in pieces of any size."""

Target = str | os.PathLike[str] | Writable
"""A path, or a binary file."""


def chunks(source: Source, size: int) -> Iterator[bytes]:
    """Yield the content of a source in chunks of about one size.

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
        raise TypeError(f"a source must yield bytes, and it yielded {type(piece).__qualname__}")
    return piece
