"""Files of the package that are compressed, read by what the engine reads them by."""

from __future__ import annotations

from pathlib import Path

from pglite_native.engine.binding import check, ffi, lib

MAGIC = bytes.fromhex("28b52ffd")
"""What a frame of zstd's begins with."""


def read(path: Path) -> bytes:
    """Return a file's content, unpacked if it is compressed.

    Raises:
        OSError: it cannot be read.
        EngineError: it is damaged.
    """
    content = path.read_bytes()
    return unpack(content) if content.startswith(MAGIC) else content


def unpack(frames: bytes) -> bytes:
    """Return the content of frames, one after the other.

    Raises:
        EngineError: one is damaged.
    """
    size, error = ffi.new("size_t *"), ffi.new("pgn_error *")
    check(lib.pgn_unpacked_size(frames, len(frames), size, error), error)
    content = bytearray(size[0])
    check(lib.pgn_unpack(frames, len(frames), ffi.from_buffer(content), error), error)
    return bytes(content)
