"""Fixtures of the tests that run the real guest."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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
