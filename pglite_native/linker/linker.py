"""`link`: a base and side modules in, one module out. docs/LINKER.md tells the whole story."""

from __future__ import annotations

from collections.abc import Sequence

from .alignment import align
from .assembler import Assembler
from .base import HEAP_BASE, Base
from .errors import LinkError, blaming
from .libraries import needed
from .linked import Linked
from .policy import Policy
from .pruning import prune
from .resolver import resolve
from .side import Side, SideModule

STACK_ALIGNMENT = 16  # of C's most aligned type, and so of every module's data
MAX_DATA_END = 1 << 31  # Emscripten's heap ends there


def link(
    base: bytes,
    modules: Sequence[SideModule],
    policy: Policy | None = None,
    libraries: Sequence[SideModule] = (),
) -> Linked:
    """Link side modules onto a base: Emscripten's main module, or the result of an earlier link.

    Of the `libraries` those are linked as well that define what nothing else does.
    """
    policy = policy or Policy()
    linked, asks = _link(base, modules, libraries, policy, heap_base=0)
    if asks:  # where the heap begins is known at the end: once more, with that
        linked, _ = _link(base, modules, libraries, policy, linked.heap_base)
    return linked


def _link(
    base: bytes,
    modules: Sequence[SideModule],
    libraries: Sequence[SideModule],
    policy: Policy,
    heap_base: int,
) -> tuple[Linked, bool]:
    """Link, and tell whether a side module asks for the heap's beginning."""
    with blaming("base module"):
        decoded_base = Base(base)
    sides = [_decode(source) for source in modules]
    sides += needed(decoded_base, sides, [_decode(source) for source in libraries])
    _check_names(decoded_base, sides)
    memory_end, table_size = _place(decoded_base, sides)
    resolution = resolve(decoded_base, sides, policy, heap_base)
    kept = prune(sides, resolution, policy.roots)
    linked = Assembler(decoded_base, sides, resolution, kept, memory_end, table_size).assemble()
    return linked, any(item.name == HEAP_BASE for side in sides for item in side.global_imports)


def _decode(source: SideModule) -> Side:
    with blaming(source.name):
        return Side(source)


def _check_names(base: Base, sides: Sequence[Side]) -> None:
    names = [entry.name for entry in base.entries] + [side.name for side in sides]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LinkError(f"linked twice: {', '.join(twice)}")


def _place(base: Base, sides: Sequence[Side]) -> tuple[int, int]:
    """Give each side module its bases; where memory and table then end."""
    memory_end, table_size = base.data_end, base.table_size
    for side in sides:
        needs = side.dylink
        memory_base = align(memory_end, max(needs.memory_alignment, STACK_ALIGNMENT))
        table_base = align(table_size, needs.table_alignment)
        with blaming(side.name):
            side.place(memory_base, table_base)
        memory_end = memory_base + needs.memory_size
        table_size = table_base + needs.table_size
        if memory_end > MAX_DATA_END:
            raise LinkError(f"{side.name}: its data would end at {memory_end}")
    return memory_end, table_size
