"""An empty base: for a program that Emscripten has made a position-independent main module.

Such a module leaves memory, stack and table to Emscripten's JavaScript, and asks for them as a side
module does. Linked onto this, it has them.
"""

from __future__ import annotations

from .base import HEAP_BASE, SBRK_POINTER, STACK_POINTER
from .encoder import encode
from .instructions import END, NO_LOCALS, i32_const, i32_const_expression
from .module import (
    FUNCREF,
    FUNCTION_TYPE,
    I32,
    Export,
    Global,
    GlobalType,
    Kind,
    Limits,
    Module,
    Table,
)

PAGE_SIZE = 65536
MAX_PAGES = 32768  # as Emscripten's
HAS_MAXIMUM = 1

BREAK_SIZE = 16  # the variable, and what keeps all behind it aligned


def empty_base(stack_size: int) -> bytes:
    """Make a base of nothing but a stack, which lies lowest: what overflows it traps.

    Its break, which every base has, is of no use to a program with a malloc of its own.
    """
    heap_base = stack_size + BREAK_SIZE
    pages = -(-heap_base // PAGE_SIZE)
    module = Module(
        types=[bytes((FUNCTION_TYPE, 0, 1, I32))],
        functions=[0],
        tables=[Table(FUNCREF, Limits(0, 1, None))],  # a function's index is never 0
        memories=[Limits(HAS_MAXIMUM, pages, MAX_PAGES)],
        globals=[
            Global(GlobalType(I32, mutable=True), i32_const_expression(stack_size)),
            Global(GlobalType(I32, mutable=False), i32_const_expression(heap_base)),
        ],
        exports=[
            Export("memory", Kind.MEMORY, 0),
            Export("__indirect_function_table", Kind.TABLE, 0),
            Export(STACK_POINTER, Kind.GLOBAL, 0),
            Export(HEAP_BASE, Kind.GLOBAL, 1),
            Export(SBRK_POINTER, Kind.FUNCTION, 0),
        ],
        code=[NO_LOCALS + i32_const(stack_size) + END],
    )
    return encode(module)
