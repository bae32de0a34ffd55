"""Compress what is installed (docs/ARCHITECTURE.md, "Compressed files"): in frames of zstd's.

Each says how large its content is and has a checksum of it, as csrc/base/compressed.h wants them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise

from pglite_native.linker import leb128

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, compress, decompress
else:
    from backports.zstd import CompressionParameter, compress, decompress

__all__ = ["decompress", "frame", "module"]

OPTIONS: Mapping[int, int] = {
    CompressionParameter.compression_level: 19,
    CompressionParameter.checksum_flag: 1,
}

HEADER = 8  # of a module
CODE, DATA = 10, 11  # sections


def frame(content: bytes) -> bytes:
    """Return a frame with that content."""
    return compress(content, options=OPTIONS)


def module(binary: bytes) -> bytes:
    """Return a module as frames: what is before the code, the code, what is between, the data, ...

    So each can be unpacked by itself (csrc/engine/instance/module_file.h). One that lacks code or
    data becomes a single frame.
    """
    bodies = list(_bodies(binary))
    if len(bodies) != 2:
        return frame(binary)
    cuts = [0, *bodies[0], *bodies[1], len(binary)]
    parts = [binary[start:end] for start, end in pairwise(cuts)]
    return b"".join(frame(part) for part in (parts if parts[-1] else parts[:-1]))


def _bodies(binary: bytes) -> Iterator[tuple[int, int]]:
    """Where the code's and the data's bytes begin and end."""
    position = HEADER
    while position < len(binary):
        section = binary[position]
        size, start = leb128.read_unsigned(binary, position + 1)
        position = start + size
        if section in (CODE, DATA):
            yield start, position
