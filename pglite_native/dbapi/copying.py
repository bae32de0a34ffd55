"""What COPY reads and writes, which may be text or bytes here."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from typing import Any

from pglite_native.database.typed_conversation import COPY_CHUNK
from pglite_native.engine import files
from pglite_native.engine.files import Writable

Stream = Any
"""A file that is open, or for COPY FROM an iterable, of text or of bytes."""


def source(stream: Stream) -> Iterator[bytes]:
    """Yield what there is to be read, as bytes, in chunks."""
    read = getattr(stream, "read", None)
    pieces: Iterable[str | bytes] = stream if read is None else _pieces(read)
    encoded = (piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    return files.chunks(encoded, COPY_CHUNK)


def sink(stream: Stream) -> Writable:
    """Return a binary file that writes to a file of either kind."""
    return _TextSink(stream) if isinstance(stream, io.TextIOBase) else stream


def _pieces(read: Any) -> Iterator[str | bytes]:
    while piece := read(COPY_CHUNK):
        yield piece


class _TextSink:
    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def write(self, data: bytes) -> None:
        self._stream.write(self._decoder.decode(data))
