"""The AOT tier's shared object, through wasm2c and the C compiler (docs/AOT.md)."""

from __future__ import annotations

from pathlib import Path

SECTION = b"\x08build_id"  # the custom section's name, with its length


def is_of(library: Path, wasm: Path) -> bool:
    """Whether a shared object was compiled from this module, which has a build_id."""
    _, found, section = wasm.read_bytes().rpartition(SECTION)
    return bool(found) and section[1 : 1 + section[0]] in library.read_bytes()
