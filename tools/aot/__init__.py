"""The AOT tier's shared object, through wasm2c and the C compiler (docs/AOT.md)."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from tools import ROOT

SECTION = b"\x08build_id"  # the custom section's name, with its length
CONTRACT = ROOT / "csrc" / "guest" / "aot" / "abi.h"


def is_of(library: Path, wasm: Path) -> bool:
    """Whether a shared object was compiled from this module, which has a build_id, for this ABI."""
    _, found, section = wasm.read_bytes().rpartition(SECTION)
    is_its = bool(found) and section[1 : 1 + section[0]] in library.read_bytes()
    return is_its and _abi(library) == int(re.findall(r"AOT_ABI = (\d+)", CONTRACT.read_text())[0])


def _abi(library: Path) -> int | None:
    """What it was compiled for: the first number of its symbol."""
    try:
        return ctypes.c_uint32.in_dll(ctypes.CDLL(str(library)), "pglite_aot_module").value
    except (OSError, ValueError):
        return None
