"""Which functions of the side modules can be called: what no root leads to is left out.

A module that was linked from static libraries exports all that is in them, used or not. Its
own table entries are kept, as its data may hold their numbers: virtual functions above all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .resolver import Function, Resolution
from .side import Side


@dataclass(frozen=True)
class Kept:
    """What is kept of a side module: functions by index, and which of them have a symbol."""

    functions: set[int]
    symbols: set[str]


def prune(sides: Sequence[Side], resolution: Resolution, pattern: str | None) -> list[Kept]:
    """Return what is kept of each side module; `pattern` is Policy.roots."""
    if pattern is None:
        return [Kept(set(side.own_functions), set(side.functions)) for side in sides]
    symbols = [_roots(side, pattern) for side in sides]
    functions = _reachable(sides, resolution, symbols)
    return [Kept(*kept) for kept in zip(functions, symbols, strict=True)]


def _roots(side: Side, pattern: str) -> set[str]:
    names: set[str] = set()
    for found in filter(None, (re.fullmatch(pattern, name) for name in side.functions)):
        names.update(name for name in (found[0], *found.groups()) if name in side.functions)
    return names


def _reachable(
    sides: Sequence[Side], resolution: Resolution, symbols: Sequence[set[str]]
) -> list[set[int]]:
    found: list[set[int]] = [set() for _ in sides]
    todo = [Function(wrapping.position, wrapping.wrapper) for wrapping in resolution.wrappings]
    for position, side in enumerate(sides):
        todo += [Function(position, index) for index in _starts(side, symbols[position])]
    while todo:
        function = todo.pop()
        owner, index = function.owner, function.index
        if owner < 0:  # the base's, the host's, or a trap
            continue
        side = sides[owner]
        bindings = resolution.bindings[owner]
        defined = index - len(side.function_imports)
        if defined < 0:
            todo.append(bindings.functions[index])
        elif index not in found[owner]:
            found[owner].add(index)
            refers = side.references[defined]
            todo += [Function(owner, callee) for callee in refers.functions]
            for read in refers.read_globals:
                if read < len(bindings.globals):
                    target = bindings.globals[read]
                    if isinstance(target, Function):  # whose address it is
                        todo.append(target)
    return found


def _starts(side: Side, symbols: set[str]) -> Iterator[int]:
    yield from side.start_up
    if side.constructors is not None:
        yield side.constructors
    for _, functions in side.elements():
        yield from functions
    for name in side.functions if side.export else symbols:
        yield side.functions[name]
