"""A pack holds exactly the tree it was made of, in the format of docs/PACK.md.

The reader below is written from the page, not from the writer.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pglite_native import EngineError
from tools import pack as packs
from tools.build import RESOURCES
from tools.compress import decompress, frame
from tools.pack import Compression, Entry, PackError, pack, read_directory, write_pack

FILE, DIRECTORY, LINK = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK


@dataclass
class Node:
    path: str
    mode: int
    content: bytes


def u32(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def u64(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<Q", data, at)[0])


def unpack(data: bytes) -> list[Node]:
    """Read a pack, asserting every rule of the page on the way."""
    assert data[:8] in (b"PGNPACK1", b"PGNPACK2")
    node_count, index_count, block_count, name_bytes = (u32(data, at) for at in (8, 12, 16, 20))
    nodes, index, names, blocks, size = (u64(data, at) for at in (24, 32, 40, 48, 56))
    assert size == len(data)
    area = data[blocks:] if data[7:8] == b"1" else unpack_chunks(data[blocks:], block_count)
    assert len(area) == 4096 * block_count
    assert blocks % 4096 == 0
    assert 64 <= nodes <= index <= names <= blocks
    assert nodes + 40 * node_count <= index and index + 4 * index_count <= names
    assert names + name_bytes <= blocks
    stored = [area[at : at + 4096] for at in range(0, len(area), 4096)]
    assert len(set(stored)) == block_count and bytes(4096) not in stored

    result: list[Node] = []
    children: dict[int, list[bytes]] = {}
    for number in range(node_count):
        at = nodes + 40 * number
        parent, name_at, mode, first = (u32(data, at + field) for field in (0, 4, 12, 32))
        name_length = struct.unpack_from("<H", data, at + 8)[0]
        assert data[at + 10 : at + 12] == bytes(2) and u32(data, at + 36) == 0
        assert name_at + name_length <= name_bytes
        name = data[names + name_at : names + name_at + name_length]
        assert parent < number or number == parent == 0
        if number:
            assert 1 <= name_length <= 255 and name not in (b".", b"..")
            assert b"/" not in name and b"\0" not in name
            assert stat.S_ISDIR(result[parent].mode)
            children.setdefault(parent, []).append(name)
        length = u64(data, at + 16)
        count = -(-length // 4096)
        assert first + count <= index_count
        entries = [u32(data, index + 4 * (first + i)) for i in range(count)]
        content = b"".join(stored[k - 1] if k else bytes(4096) for k in entries)
        assert not any(content[length:])
        prefix = f"{result[parent].path}/" if number and parent else ""
        result.append(Node(prefix + name.decode(), mode, content[:length]))
    for siblings in children.values():
        assert siblings == sorted(set(siblings))
    return result


def unpack_chunks(area: bytes, block_count: int) -> bytes:
    """The blocks of a compressed pack."""
    each, count = u32(area, 0), u32(area, 4)
    assert count == -(-block_count // each)
    sizes = struct.unpack_from(f"<{count}I", area, 8)
    chunks, at = [], 8 + 4 * count
    for size in sizes:
        chunks.append(decompress(area[at : at + size]))
        at += size
    assert at == len(area)
    assert all(len(chunk) == 4096 * each for chunk in chunks[:-1])
    return b"".join(chunks)


names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1)
clean_names = names.filter(lambda name: name not in (".", "..") and len(name.encode()) <= 255)
block_like = st.sampled_from([b"", b"a", bytes(4096), b"x" * 4096, bytes(8191), b"x" * 4096 + b"y"])
contents = st.lists(block_like, max_size=3).map(b"".join) | st.binary(max_size=64)


@st.composite
def trees(draw: st.DrawFn) -> list[Entry]:
    """Any tree: directories are grown from the root, files and symlinks hang below them."""
    folders = [""]
    entries: dict[str, Entry] = {}
    for name in draw(st.lists(clean_names, max_size=12)):
        folder = draw(st.sampled_from(folders))
        path = f"{folder}/{name}" if folder else name
        kind = draw(st.sampled_from([FILE, DIRECTORY, LINK]))
        if path in entries:
            continue
        mode = kind | draw(st.integers(0, 0o7777))
        content = b"" if kind == DIRECTORY else draw(contents)
        entries[path] = Entry(path, mode, content or (b"target" if kind == LINK else b""))
        if kind == DIRECTORY:
            folders.append(path)
    return draw(st.permutations(list(entries.values())))


@given(trees())
def test_what_goes_in_comes_out(entries: list[Entry]) -> None:
    root, *nodes = unpack(pack(entries))
    assert (root.path, root.mode) == ("", DIRECTORY | 0o755)
    found = {node.path: (node.mode, node.content) for node in nodes}
    assert found == {entry.path: (entry.mode, entry.content) for entry in entries}


@given(trees())
def test_the_order_of_the_entries_does_not_matter(entries: list[Entry]) -> None:
    assert pack(reversed(entries)) == pack(entries)


def test_equal_blocks_are_stored_once_and_zeros_never() -> None:
    block = bytes(range(256)) * 16
    once = len(pack([Entry("a", FILE, block)]))
    again = len(pack([Entry("a", FILE, block * 9 + bytes(4096 * 9)), Entry("b", FILE, block)]))
    assert once == again


def test_missing_parents_are_made() -> None:
    nodes = unpack(pack([Entry("a/b/c", FILE | 0o600, b"x")]))
    assert [node.path for node in nodes] == ["", "a", "a/b", "a/b/c"]
    assert nodes[1].mode == DIRECTORY | 0o755


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([Entry("/a", FILE)], "clean relative path"),
        ([Entry("a//b", FILE)], "clean relative path"),
        ([Entry("a/../b", FILE)], "clean relative path"),
        ([Entry("a\0", FILE)], "clean relative path"),
        ([Entry("n" * 256, FILE)], "clean relative path"),
        ([Entry("a", FILE), Entry("a", FILE)], "twice"),
        ([Entry("a", FILE), Entry("a/b", FILE)], "not a directory"),
        ([Entry("", FILE)], "root is not a directory"),
        ([Entry("a", stat.S_IFIFO)], "no file, directory or symlink"),
        ([Entry("a", DIRECTORY, b"x")], "no content"),
        ([Entry("a", LINK)], "has a target"),
    ],
)
def test_a_tree_that_is_none_is_refused(entries: list[Entry], complaint: str) -> None:
    with pytest.raises(PackError, match=complaint):
        pack(entries)


def test_a_host_directory_is_packed_whole(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "base/1").mkdir(parents=True)
    (tree / "base/1/file").write_bytes(b"\1" * 5000)
    (tree / "link").symlink_to("base/1")
    tree.chmod(0o700)
    write_pack(read_directory(tree), tmp_path / "a.pack")
    nodes = {node.path: node for node in unpack((tmp_path / "a.pack").read_bytes())}
    assert set(nodes) == {"", "base", "base/1", "base/1/file", "link"}
    assert nodes[""].mode == DIRECTORY | 0o700
    assert nodes["link"].content == b"base/1"
    assert nodes["base/1/file"].content == b"\1" * 5000


@given(trees())
def test_a_pack_is_read_as_it_was_written(entries: list[Entry]) -> None:
    data = pack(entries)
    found = {(entry.path, entry.mode, entry.content) for entry in packs.unpack(data)}
    assert found >= {(entry.path, entry.mode, entry.content) for entry in entries}
    assert pack(packs.unpack(data)) == data


@given(trees(), st.integers(1, 4))
def test_a_compressed_pack_is_read_as_it_was_written(entries: list[Entry], blocks: int) -> None:
    data = pack(entries, Compression(blocks, frame))
    assert unpack(data) == unpack(pack(entries))
    assert packs.unpack(data) == packs.unpack(pack(entries))


@pytest.mark.parametrize(("name", "blocks"), [("system", 32), ("cluster", 8)])
def test_the_shipped_packs_are_read_and_written_again_unchanged(name: str, blocks: int) -> None:
    data = (RESOURCES / f"{name}.pack").read_bytes()
    assert pack(packs.unpack(data), Compression(blocks, frame)) == data


def test_a_damaged_chunk_is_not_read() -> None:
    data = bytearray(pack([Entry("a", FILE, bytes(range(256)))], Compression(1, frame)))
    data[-1] ^= 1  # of the checksum
    with pytest.raises(EngineError, match="damaged"):
        packs.unpack(bytes(data))


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"X" + data[1:]])
def test_what_is_no_pack_is_not_read(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PackError, match="not a pack"):
        packs.unpack(damage(pack([Entry("a", FILE, b"x")])))
