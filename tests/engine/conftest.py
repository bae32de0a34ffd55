"""Fixtures of the tests that run the real guest."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native.engine import guest

RAM = Path("/dev/shm")


@pytest.fixture
def ram_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one.

    For tests that recover data directories again and again: PostgreSQL then syncs each of a
    thousand files twice, which takes seconds on a disk, and these tests are not about the disk.
    """
    if not RAM.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=RAM) as folder:
        yield Path(folder)


def packaged_without(name: str, folder: Path) -> Path:
    """Return a new folder with the packaged files, as links, but for one."""
    folder.mkdir()
    for file in guest.packaged().iterdir():
        if file.name != name:
            (folder / file.name).symlink_to(file)
    return folder
