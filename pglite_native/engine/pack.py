"""Packs: read-only file trees as one mappable file. Format: docs/PACK.md.

The build writes the shipped packs with it, compressed; `extension add` reads one, and writes a
larger one as it is.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC, COMPRESSED_MAGIC = b"PGNPACK1", b"PGNPACK2"
HEADER = struct.Struct("<8s4I5Q")
NODE = struct.Struct("<IIHHIQqII")
INDEX_ENTRY = struct.Struct("<I")
CHUNKS = struct.Struct("<II")
CHUNK_SIZE = struct.Struct("<I")
BLOCK = 4096
NAME_MAX = 255
# Every file has this time, so that the same tree gives the same bytes: PostgreSQL's own epoch.
MTIME_NS = 946_684_800 * 10**9
DIRECTORY_MODE = stat.S_IFDIR | 0o755

assert HEADER.size == 64 and NODE.size == 40


class PackError(Exception):
    """The tree cannot be written as a pack, or the bytes are none."""


@dataclass(frozen=True)
class Entry:
    """A file, directory or symbolic link; a symlink's content is its target.

    `path` is relative with '/' between names; "" is the root directory. `mode` is st_mode.
    """

    path: str
    mode: int
    content: bytes = b""


@dataclass(frozen=True)
class Compression:
    """How a pack's blocks are compressed: so many at a time, each time to one frame of zstd's."""

    blocks: int
    frame: Callable[[bytes], bytes]


def write_pack(
    entries: Iterable[Entry], path: Path, compression: Compression | None = None
) -> None:
    """Write the tree. Directories that are only implied get mode 0755."""
    path.write_bytes(pack(entries, compression))


def pack(entries: Iterable[Entry], compression: Compression | None = None) -> bytes:
    """Return the pack of a tree: the same tree always gives the same bytes."""
    tree = _complete(entries)
    numbers = {parts: number for number, parts in enumerate(tree)}
    nodes, names, index = bytearray(), bytearray(), bytearray()
    blocks = _Blocks()
    for parts, entry in tree.items():
        name = parts[-1] if parts else b""
        first_index = len(index) // INDEX_ENTRY.size if entry.content else 0
        for offset in range(0, len(entry.content), BLOCK):
            index += INDEX_ENTRY.pack(blocks.add(entry.content[offset : offset + BLOCK]))
        nodes += NODE.pack(
            numbers[parts[:-1]],
            len(names),
            len(name),
            0,
            entry.mode,
            len(entry.content),
            MTIME_NS,
            first_index,
            0,
        )
        names += name

    nodes_offset = HEADER.size
    index_offset = nodes_offset + len(nodes)
    names_offset = index_offset + len(index)
    blocks_offset = -(-(names_offset + len(names)) // BLOCK) * BLOCK
    stored = _compressed(blocks, compression) if compression else b"".join(blocks)
    header = HEADER.pack(
        COMPRESSED_MAGIC if compression else MAGIC,
        len(tree),
        len(index) // INDEX_ENTRY.size,
        len(blocks),
        len(names),
        nodes_offset,
        index_offset,
        names_offset,
        blocks_offset,
        blocks_offset + len(stored),
    )
    tables = b"".join((header, nodes, index, names))
    return tables.ljust(blocks_offset, b"\0") + stored


def _compressed(blocks: list[bytes], compression: Compression) -> bytes:
    step = compression.blocks
    frames = [
        compression.frame(b"".join(blocks[first : first + step]))
        for first in range(0, len(blocks), step)
    ]
    sizes = (CHUNK_SIZE.pack(len(frame)) for frame in frames)
    return b"".join((CHUNKS.pack(step, len(frames)), *sizes, *frames))


def unpack(data: bytes) -> list[Entry]:
    """Return the entries of a pack, in its order: packed again they give the same bytes."""
    try:
        return list(_entries(data))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise PackError(f"not a pack: {error}") from None


def _entries(data: bytes) -> Iterator[Entry]:
    (
        magic,
        node_count,
        index_count,
        block_count,
        name_bytes,
        nodes_offset,
        index_offset,
        names_offset,
        blocks_offset,
        file_size,
    ) = HEADER.unpack_from(data)
    if magic not in (MAGIC, COMPRESSED_MAGIC) or file_size != len(data):
        raise PackError("not a pack, or cut short")
    stored = data[blocks_offset:]
    if magic == COMPRESSED_MAGIC:
        stored = _unpacked(stored)
    if len(stored) != block_count * BLOCK:
        raise PackError("not a pack, or cut short")
    index = struct.unpack_from(f"<{index_count}I", data, index_offset)
    names = data[names_offset : names_offset + name_bytes]
    zeros = bytes(BLOCK)
    paths: list[str] = []
    for number in range(node_count):
        parent, name_offset, name_length, _, mode, size, _, first, _ = NODE.unpack_from(
            data, nodes_offset + number * NODE.size
        )
        name = names[name_offset : name_offset + name_length].decode()
        paths.append(f"{paths[parent]}/{name}".lstrip("/") if number else "")
        blocks = []
        for block in index[first : first + -(-size // BLOCK)]:
            start = (block - 1) * BLOCK
            blocks.append(stored[start : start + BLOCK] if block else zeros)
        yield Entry(paths[number], mode, b"".join(blocks)[:size])


def _unpacked(stored: bytes) -> bytes:
    # By the extension module, which the build has not made yet when it writes packs.
    from pglite_native.engine import compressed

    _, count = CHUNKS.unpack_from(stored)
    return compressed.unpack(stored[CHUNKS.size + count * CHUNK_SIZE.size :])


def _complete(entries: Iterable[Entry]) -> dict[tuple[bytes, ...], Entry]:
    """Check the entries, add the directories they imply, and put them into node order.

    By depth, then by name: parents before children, and the children of a directory together.
    """
    tree: dict[tuple[bytes, ...], Entry] = {}
    for entry in entries:
        parts = tuple(entry.path.encode().split(b"/")) if entry.path else ()
        for name in parts:
            if name in (b"", b".", b"..") or b"\0" in name or len(name) > NAME_MAX:
                raise PackError(f"{entry.path!r}: not a clean relative path")
        if parts in tree:
            raise PackError(f"{entry.path!r}: occurs twice in the tree")
        is_directory = stat.S_ISDIR(entry.mode)
        if not (is_directory or stat.S_ISREG(entry.mode) or stat.S_ISLNK(entry.mode)):
            raise PackError(f"{entry.path!r}: mode {entry.mode:o} is no file, directory or symlink")
        if (is_directory and entry.content) or (stat.S_ISLNK(entry.mode) and not entry.content):
            raise PackError(f"{entry.path!r}: a directory has no content, a symlink has a target")
        tree[parts] = entry
    for parts, entry in list(tree.items()):
        for depth in range(len(parts)):
            parent = tree.setdefault(parts[:depth], Entry("", DIRECTORY_MODE))
            if not stat.S_ISDIR(parent.mode):
                raise PackError(f"{entry.path!r}: its parent is not a directory")
    if not stat.S_ISDIR(tree.setdefault((), Entry("", DIRECTORY_MODE)).mode):
        raise PackError("the root is not a directory")
    return dict(sorted(tree.items(), key=lambda item: (len(item[0]), item[0])))


class _Blocks(list[bytes]):
    """The blocks of a pack, each content stored once; a block of zeros not at all."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = {bytes(BLOCK): 0}

    def add(self, content: bytes) -> int:
        """Return the index entry of a block: 0 for zeros, k for the k-th block stored."""
        block = content.ljust(BLOCK, b"\0")
        number = self._numbers.setdefault(block, len(self) + 1)
        if number > len(self):
            self.append(block)
        return number
