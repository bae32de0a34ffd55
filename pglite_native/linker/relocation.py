"""A side module's static data and globals in their final form, all its bases known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .errors import LinkError
from .instructions import Constant, Op, i32_const_expression
from .module import I32, Data, Global
from .side import Side
from .startup import NOWHERE, Image, run

# Zeros need no segment; but a run of them shorter than a segment costs is not worth a new one.
NON_ZERO = re.compile(rb"[^\0]+(?:\0{1,15}[^\0]+)*")

# Opcodes of the constants that mean the same in every module.
NUMBERS = (Op.I32_CONST, Op.I64_CONST, Op.F32_CONST, Op.F64_CONST)


@dataclass(frozen=True)
class Relocated:
    """A module after its start-up.

    `globals` says what each global has become: one of the result, or a constant. `finished` are the
    functions that have done their work and that nothing else calls.
    """

    globals: list[int | Constant]
    image: bytes
    finished: set[int]


def relocate(
    side: Side, imported: Sequence[int | Constant], add_global: Callable[[Global], int]
) -> Relocated:
    """Run the start-up functions of a module.

    `imported` says what its imported globals are; `add_global` adds one to the result for each of
    its own that its code writes later.
    """
    module = side.module
    values = [item.value if isinstance(item, Constant) else None for item in imported]
    for item in module.globals:
        values.append(run(item.init, values, NOWHERE) if item.type.value_type == I32 else None)
    image = Image(side.memory_base, side.dylink.memory_size)
    for segment in module.data:
        if segment.offset is None:
            raise LinkError("passive data segments are not supported")
        image.store(run(segment.offset, values, image), segment.content)
    for function in side.start_up:
        run(side.body(function), values, image)

    first = len(side.function_imports)
    live, written = set(side.functions.values()), set[int]()
    for index, refers in enumerate(side.references, first):
        if index not in side.start_up:
            live |= refers.functions
            written |= refers.written_globals
    live.update(index for _, functions in side.elements() for index in functions)
    for index in live.intersection(side.start_up):
        written |= side.references[index - first].written_globals

    globals: list[int | Constant] = list(imported)
    for index, item in enumerate(module.globals, len(imported)):
        value = values[index]
        if value is not None and index not in written:
            globals.append(Constant(value))
        elif value is not None:
            globals.append(add_global(Global(item.type, i32_const_expression(value))))
        elif item.init[0] not in NUMBERS:
            raise LinkError(f"global {index} starts as something other than a number")
        else:
            globals.append(add_global(item))
    return Relocated(globals, bytes(image.content), set(side.start_up) - live)


def segments(address: int, content: bytes) -> list[Data]:
    """Data segments for what is not zero."""
    return [
        Data(i32_const_expression(address + part.start()), part[0])
        for part in NON_ZERO.finditer(content)
    ]
