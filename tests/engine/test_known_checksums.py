"""An image's checksum is computed once for a file, and again after every change of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pglite_native import SnapshotError
from pglite_native.engine import guest, known_checksums
from pglite_native.engine.store import HOME_VARIABLE

CONTENT_AT = -1  # the last byte is one of the content's


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the packaged image, which counts as an old file."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr(known_checksums, "SETTLED_S", -60)
    return Path(shutil.copy(guest.files().image, tmp_path))


def opened(image: Path) -> None:
    guest.runtime().open_image(image, remembers=True)


def damage(image: Path) -> None:
    with image.open("r+b") as file:
        file.seek(CONTENT_AT, os.SEEK_END)
        (byte,) = file.read(1)
        file.seek(CONTENT_AT, os.SEEK_END)
        file.write(bytes([byte ^ 1]))


def notes(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "home").rglob("*-*"))


def test_it_is_computed_once(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_checksums, "_name", lambda file: "always-the-same")
    opened(image)
    (note,) = notes(tmp_path)
    assert note.stat().st_size == 0
    damage(image)
    opened(image)  # it is not looked at, as nothing says that the file is another one
    note.unlink()
    with pytest.raises(SnapshotError, match="checksum"):
        opened(image)
    assert notes(tmp_path) == []


def test_a_file_that_has_changed_is_checked_again(image: Path, tmp_path: Path) -> None:
    opened(image)
    opened(image)
    assert len(notes(tmp_path)) == 1
    status = image.stat()
    damage(image)
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(SnapshotError, match="checksum"):
        opened(image)


def test_a_copy_is_another_file(image: Path, tmp_path: Path) -> None:
    opened(image)
    copy = tmp_path / "copy"
    shutil.copy2(image, copy)
    damage(copy)
    with pytest.raises(SnapshotError, match="checksum"):
        opened(copy)


def test_a_file_that_may_still_be_written_to_is_not_noted(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_checksums, "SETTLED_S", 60)
    opened(image)
    assert notes(tmp_path) == []


def test_only_what_is_asked_to_be_remembered_is(image: Path, tmp_path: Path) -> None:
    guest.runtime().open_image(image)
    assert notes(tmp_path) == []


@pytest.mark.parametrize("home", [os.devnull, "/proc/nowhere"])
def test_where_nothing_can_be_noted_it_is_checked_each_time(
    image: Path, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, home)
    opened(image)
    damage(image)
    with pytest.raises(SnapshotError, match="checksum"):
        opened(image)


def test_notes_do_not_pile_up(image: Path, tmp_path: Path) -> None:
    for _ in range(known_checksums.NOTES_MAX + 5):
        os.utime(image)
        opened(image)
    assert len(notes(tmp_path)) <= known_checksums.NOTES_MAX
    assert (tmp_path / "home" / "checked").stat().st_mode & 0o777 == 0o700
