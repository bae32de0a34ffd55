"""What COPY reads and writes: bytes, or text, which is UTF-8."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Iterable, Iterator
from typing import Any

from pglite_native.engine import files
from pglite_native.engine.files import Writable

COPY_CHUNK = 256 * 1024
"""Bytes sent in one step: enough that the price of a step, some microseconds, does not count."""

Stream = Any
"""A file that is open, or for COPY FROM an iterable, of text or of bytes."""

Readable = files.Source | Iterable[str]
"""What COPY FROM reads: bytes, an open file of bytes or of text, or an iterable of either."""


def source(stream: Stream) -> Iterator[bytes]:
    """Yield what there is to be read, as bytes, in chunks.

    Raises:
        TypeError: it is a path or a text itself, or there is something else in it.
    """
    if isinstance(stream, str | os.PathLike):
        raise TypeError(
            "a COPY reads from an open file, bytes or an iterable, and not from a"
            f" {type(stream).__name__}: open(path, 'rb') for a path, text.encode() for data"
        )
    if hasattr(stream, "to_csv") or hasattr(stream, "write_csv"):  # pandas' and polars' own
        raise TypeError(
            f"a COPY reads text, and not a {type(stream).__name__}: its to_csv(), or write_csv(),"
            " without a header, encoded"
        )
    if hasattr(stream, "__arrow_c_stream__"):  # pyarrow's, duckdb's, and query_arrow()'s own
        raise TypeError(
            f"a COPY reads text, and not a {type(stream).__name__}: pyarrow.csv.write_csv() writes"
            " it as csv; or insert its columns: select * from unnest($1::int[], $2::text[])"
        )
    if hasattr(stream, "__aiter__"):
        raise TypeError(
            f"a COPY is read in a thread, which cannot wait for a {type(stream).__name__}: give it"
            " what has come, [piece async for piece in source], or a generator that is not"
            " asynchronous"
        )
    if isinstance(stream, bytes | bytearray | memoryview):
        return files.chunks(stream, COPY_CHUNK)
    read = getattr(stream, "read", None)
    pieces: Iterable[str | bytes] = stream if read is None else _pieces(read)
    return files.chunks(map(_encoded, pieces), COPY_CHUNK)


def sink(stream: Stream) -> Writable:
    """Return a binary file that writes to a file of either kind.

    Raises:
        TypeError: it is no file that is open.
    """
    if not hasattr(stream, "write"):
        raise TypeError(
            "a COPY writes to an open file, and not to a"
            f" {type(stream).__name__}: open(path, 'wb') for a path"
        )
    return _TextSink(stream) if isinstance(stream, io.TextIOBase) else stream


def _pieces(read: Any) -> Iterator[str | bytes]:
    while piece := read(COPY_CHUNK):
        yield piece


def _encoded(piece: object) -> Any:
    if isinstance(piece, list | tuple | dict):
        raise TypeError(
            f"a COPY reads lines of text, and not values, as this {type(piece).__name__} has: write"
            " them by the csv module, or insert them from arrays: select * from unnest($1::int[])"
        )
    return piece.encode() if isinstance(piece, str) else piece


class _TextSink:
    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def write(self, data: bytes) -> None:
        self._stream.write(self._decoder.decode(data))
