"""Libraries: side modules that are linked only where another one needs what they define."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Base
from .module import Kind
from .side import Side

FUNCTION_ADDRESS, DATUM_ADDRESS = "GOT.func", "GOT.mem"


def needed(base: Base, sides: Sequence[Side], libraries: Sequence[Side]) -> list[Side]:
    """Return those that define what nothing else does, and those that these need, in order."""
    defined = set(base.functions) | set(base.data)
    defined.update(item.name for item in base.module.imported(Kind.FUNCTION))
    for entry in base.entries:
        defined.update(entry.symbols)
    for side in sides:
        defined |= side.defined
    wanted = {name for side in sides for name in _imported(side)} - defined
    chosen: set[str] = set()
    while True:
        new = [item for item in libraries if item.name not in chosen and item.defined & wanted]
        if not new:
            return [item for item in libraries if item.name in chosen]
        for library in new:
            chosen.add(library.name)
            defined |= library.defined
            wanted.update(_imported(library))
        wanted -= defined


def _imported(side: Side) -> set[str]:
    return {
        *(item.name for item in side.function_imports),
        *(
            item.name
            for item in side.global_imports
            if item.module in (FUNCTION_ADDRESS, DATUM_ADDRESS)
        ),
    }
