"""What this process holds, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path

SELF = Path("/proc/self")


def field_mib(file: str, name: str) -> float:
    """A field of a file in /proc/self, which has KiB."""
    return _field_kib(file, name) / 1024


def field_mb(file: str, name: str) -> float:
    """The same in millions of bytes."""
    return _field_kib(file, name) * 1024 / 1e6


def private_mb() -> float:
    """What would be free if the process ended."""
    return field_mb("smaps_rollup", "Private_Clean") + field_mb("smaps_rollup", "Private_Dirty")


def map_count() -> int:
    return (SELF / "maps").read_bytes().count(b"\n")


def descriptor_count() -> int:
    return len(os.listdir(SELF / "fd"))


def _field_kib(file: str, name: str) -> int:
    return int((SELF / file).read_text().partition(f"\n{name}:")[2].split()[0])
