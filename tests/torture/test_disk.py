"""The disk that loses power: what has to be there, what may be, and what the recorder sees."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.torture.disk import Disk, Dropped, Kept, Loss, Reordered, Torn
from tests.torture.recording import Operation, compile_recorder, record_command

FOLDER, FILE = 1, 2  # numbers that no file of the system has


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """Of a folder with a file "old", which holds "synced"."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "old").write_bytes(b"synced")
    return Disk(tmp_path / "root")


def there(disk: Disk, loss: Loss, target: Path) -> dict[str, bytes]:
    disk.materialize(target, loss)
    files = {path.relative_to(target).as_posix(): path for path in target.rglob("*")}
    return {name: path.read_bytes() if path.is_file() else b"/" for name, path in files.items()}


def chance() -> random.Random:
    return random.Random(1)


def test_what_was_not_synced_is_dropped(disk: Disk, tmp_path: Path) -> None:
    root = disk.number(disk.root)
    old = disk.number(disk.root.now["old"])
    disk.write(old, 0, b"changed")
    disk.make(root, FILE, "new", is_folder=False)
    disk.rename(root, root, "old", "other")
    assert there(disk, Dropped(chance()), tmp_path / "a") == {"old": b"synced"}
    assert there(disk, Kept(chance()), tmp_path / "b") == {"other": b"changed", "new": b""}
    disk.sync(old)
    assert there(disk, Dropped(chance()), tmp_path / "c") == {"old": b"changed"}
    disk.sync(root)
    assert there(disk, Dropped(chance()), tmp_path / "d") == {"other": b"changed", "new": b""}


def test_a_synced_file_keeps_the_name_it_was_made_under(disk: Disk, tmp_path: Path) -> None:
    root = disk.number(disk.root)
    disk.make(root, FOLDER, "folder", is_folder=True)
    disk.make(FOLDER, FILE, "file", is_folder=False)
    disk.write(FILE, 3, b"x")
    disk.rename(FOLDER, FOLDER, "file", "renamed")
    disk.sync(FILE)
    found = there(disk, Dropped(chance()), tmp_path / "a")
    assert found == {"old": b"synced", "folder": b"/", "folder/file": b"\0\0\0x"}


def test_a_removed_name_that_is_used_again(disk: Disk, tmp_path: Path) -> None:
    """The new file's name is there, whether or not the removal is."""
    root = disk.number(disk.root)
    disk.remove(root, "old")
    disk.make(root, FILE, "old", is_folder=False)
    disk.sync(FILE)
    for number in range(5):
        loss = Reordered(random.Random(number))
        assert there(disk, loss, tmp_path / str(number)) == {"old": b""}


def test_sectors_are_torn_apart(disk: Disk, tmp_path: Path) -> None:
    old = disk.number(disk.root.now["old"])
    disk.resize(old, 16384, grows_only=True)
    disk.sync(old)
    disk.write(old, 0, b"x" * 16384)
    seen = set()
    for number in range(20):
        content = there(disk, Torn(random.Random(number)), tmp_path / str(number))["old"]
        sectors = [content[at : at + 512] for at in range(512, len(content), 512)]
        assert all(len(set(sector)) == 1 for sector in sectors), "a sector is torn"
        seen.add(content)
    assert len(seen) > 10


WRITES = """
import os, sys
os.chdir(sys.argv[1])
os.mkdir("a")
with open("a/new", "wb") as file:
    file.write(b"hello")
    file.flush()
    os.fsync(file.fileno())
    file.truncate(2)
os.rename("a/new", "a/there")
os.write(1, b"said\\n")
os.unlink("old")
fd = os.open("a", os.O_RDONLY)
os.fsync(fd)
"""


def test_a_recording_played_is_what_has_happened(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "old").write_bytes(b"synced")
    recorder = compile_recorder(tmp_path)
    recording = record_command(recorder, root, ["-c", WRITES, str(root)])
    for record in recording.records:
        record.play(recording.disk)
    assert [record.text for record in recording.records if record.operation == Operation.SAID] == [
        b"said\n"
    ]
    kept = there(recording.disk, Kept(chance()), tmp_path / "kept")
    assert kept == {"a": b"/", "a/there": b"he"}
    dropped = there(recording.disk, Dropped(chance()), tmp_path / "dropped")
    assert dropped == {"old": b"synced", "a": b"/", "a/there": b"hello"}
