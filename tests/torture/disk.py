"""A disk that loses power: what may be on it, by what was written and synced before.

What a sync has promised is there: of a file its bytes and its size, of a directory its entries.
A file that was synced also has the name that it was made under: POSIX does not say so, but
PostgreSQL relies on it for the files of relations, and file systems keep it. Of everything else any
part may be there: that is a `Loss`.

A file's bytes come in sectors, each of which is written whole or not at all.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MODE_FILE, MODE_FOLDER = 0o600, 0o700


@dataclass(frozen=True)
class Write:
    offset: int
    data: bytes


@dataclass(frozen=True)
class Resize:
    size: int
    grows_only: bool = False


@dataclass(eq=False)
class File:
    content: bytearray = field(default_factory=bytearray)
    """As it was synced."""
    pending: list[Write | Resize] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.pending:
            _apply(self.content, change)
        self.pending.clear()


@dataclass(frozen=True)
class Set:
    """A name is given; `made` to a new file."""

    name: str
    node: File | Folder
    made: bool = False


@dataclass(frozen=True)
class Remove:
    name: str
    node: File | Folder


@dataclass(frozen=True)
class Rename:
    old: str
    name: str
    node: File | Folder


Change = Set | Remove | Rename


@dataclass(eq=False)
class Folder:
    entries: dict[str, File | Folder] = field(default_factory=dict)
    """As they were synced."""
    now: dict[str, File | Folder] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)
    parent: Folder | None = None

    def change(self, change: Change) -> None:
        _change(self.now, change)
        self.pending.append(change)

    def sync(self) -> None:
        for change in self.pending:
            _change(self.entries, change)
        self.pending.clear()


class Disk:
    """Nodes by their numbers, as a recording has them; `root` is the folder that is recorded."""

    def __init__(self, root: Path) -> None:
        self._nodes: dict[int, File | Folder] = {}
        self._parents: dict[File | Folder, Folder] = {}
        self.root = self._read(root, None)

    def _read(self, path: Path, parent: Folder | None) -> Folder:
        """What is there before is synced."""
        folder = Folder(parent=parent)
        self._nodes[path.stat().st_ino] = folder
        for entry in path.iterdir():
            node: File | Folder
            if entry.is_dir():
                node = self._read(entry, folder)
            else:
                node = File(bytearray(entry.read_bytes()))
                self._nodes[entry.stat().st_ino] = node
            folder.entries[entry.name] = folder.now[entry.name] = node
        return folder

    def number(self, node: File | Folder) -> int:
        return next(number for number, each in self._nodes.items() if each is node)

    # --- what is recorded ---------------------------------------------------------------------

    def make(self, folder: int, number: int, name: str, *, is_folder: bool) -> None:
        parent = self._nodes.get(folder)
        if isinstance(parent, Folder):
            node = Folder(parent=parent) if is_folder else File()
            self._nodes[number] = node
            self._parents[node] = parent
            parent.change(Set(name, node, made=True))

    def write(self, number: int, offset: int, data: bytes) -> None:
        if isinstance(node := self._nodes.get(number), File):
            node.pending.append(Write(offset, data))

    def resize(self, number: int, size: int, *, grows_only: bool = False) -> None:
        if isinstance(node := self._nodes.get(number), File):
            node.pending.append(Resize(size, grows_only))

    def sync(self, number: int) -> None:
        node = self._nodes.get(number)
        if node is not None:
            node.sync()
            self._keep_name(node)

    def sync_all(self) -> None:
        for node in self._nodes.values():
            node.sync()

    def rename(self, folder: int, other: int, old: str, name: str) -> None:
        parent, target = self._nodes.get(folder), self._nodes.get(other)
        if not isinstance(parent, Folder) and not isinstance(target, Folder):
            return
        assert isinstance(parent, Folder) and isinstance(target, Folder), "renamed out of the root"
        node = parent.now[old]
        if parent is target:
            parent.change(Rename(old, name, node))
        else:  # each of the two may be there without the other
            target.change(Set(name, node))
            parent.change(Remove(old, node))

    def link(self, folder: int, number: int, name: str) -> None:
        if isinstance(parent := self._nodes.get(folder), Folder):
            parent.change(Set(name, self._nodes[number]))

    def remove(self, folder: int, name: str) -> None:
        if isinstance(parent := self._nodes.get(folder), Folder):
            parent.change(Remove(name, parent.now[name]))

    def _keep_name(self, node: File | Folder) -> None:
        """Make it durable that the node was made, and the folders that it is in."""
        parent = self._parents.pop(node, None)
        if parent is None:
            return
        for change in parent.pending:
            if isinstance(change, Set) and change.made and change.node is node:
                _change(parent.entries, change)
                parent.pending.remove(change)
                break
        self._keep_name(parent)

    # --- after a power cut --------------------------------------------------------------------

    def materialize(self, target: Path, loss: Loss) -> None:
        """Make a folder of what is there after a loss."""
        self._materialize(self.root, os.fspath(target), loss)

    def _materialize(self, folder: Folder, target: str, loss: Loss) -> None:
        os.mkdir(target, MODE_FOLDER)
        for name, node in loss.entries(folder).items():
            if isinstance(node, Folder):
                self._materialize(node, f"{target}/{name}", loss)
            else:
                fd = os.open(f"{target}/{name}", os.O_CREAT | os.O_WRONLY, MODE_FILE)
                os.write(fd, loss.content(node))
                os.close(fd)


class Loss:
    """Which part of what was not synced is there: all of it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def entries(self, folder: Folder) -> dict[str, File | Folder]:
        entries = dict(folder.entries)
        for change in self.changes(folder):
            _change(entries, change)
        return entries

    def content(self, file: File) -> bytearray:
        content = bytearray(file.content)
        for change in self.writes(file):
            _apply(content, change)
        return content

    def changes(self, folder: Folder) -> list[Change]:
        return folder.pending

    def writes(self, file: File) -> Iterator[Write | Resize]:
        yield from file.pending


class Kept(Loss):
    """All of it: as after a kill."""


class Dropped(Loss):
    """None of it."""

    def changes(self, folder: Folder) -> list[Change]:
        return []

    def writes(self, file: File) -> Iterator[Write | Resize]:
        return iter(())


class Reordered(Loss):
    """Of each file and each directory the first changes, up to any."""

    def changes(self, folder: Folder) -> list[Change]:
        return folder.pending[: self.chance.randint(0, len(folder.pending))]

    def writes(self, file: File) -> Iterator[Write | Resize]:
        yield from file.pending[: self.chance.randint(0, len(file.pending))]


class Torn(Reordered):
    """Of each file any sectors of any writes."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._sector = chance.choice([512, 4096])
        self._share = chance.choice([0.1, 0.5, 0.9])

    def writes(self, file: File) -> Iterator[Write | Resize]:
        for change in file.pending:
            if isinstance(change, Resize):
                if self.chance.random() < self._share:
                    yield change
                continue
            at = 0
            while at < len(change.data):
                size = self._sector - (change.offset + at) % self._sector
                if self.chance.random() < self._share:
                    yield Write(change.offset + at, change.data[at : at + size])
                at += size


LOSSES: dict[str, type[Loss]] = {
    "kept": Kept,
    "dropped": Dropped,
    "reordered": Reordered,
    "torn": Torn,
}


def _apply(content: bytearray, change: Write | Resize) -> None:
    if isinstance(change, Resize):
        if change.size < len(content) and not change.grows_only:
            del content[change.size :]
        content.extend(bytes(max(0, change.size - len(content))))
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data


def _change(entries: dict[str, File | Folder], change: Change) -> None:
    if isinstance(change, Remove):
        if entries.get(change.name) is change.node:
            del entries[change.name]
        return
    if isinstance(change, Rename) and entries.get(change.old) is change.node:
        del entries[change.old]
    entries[change.name] = change.node
