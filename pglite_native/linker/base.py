"""The base of a link: Emscripten's main module, or what an earlier link made of it."""

from __future__ import annotations

import re

from . import leb128, link_table
from .decoder import decode
from .errors import LinkError
from .instructions import i32_const_expression
from .link_table import Entry
from .module import FUNCREF, I32, Global, GlobalType, Kind, Module
from .startup import NOWHERE, Guard, run

HEAP_BASE = "__heap_base"
SBRK_POINTER = "emscripten_get_sbrk_ptr"
STACK_POINTER = "__stack_pointer"
LINK_TABLE = "pglite_link_table"

# Exported constants that are no addresses of the main module's data.
NOT_DATA = {"__memory_base", "__table_base", HEAP_BASE, LINK_TABLE}

ADDRESS_SPACE = 1 << 32

# A function body's end if it returns a constant: i32.const, end.
RETURNED_ADDRESS = re.compile(rb"\x41([\x80-\xff]{0,4}[\x00-\x7f])\x0b\Z", re.DOTALL)


class Base:
    """A decoded base module, ready to be added to: an earlier link table is taken off."""

    def __init__(self, binary: bytes) -> None:
        self.module = module = decode(binary)
        if len(module.tables) != 1 or module.tables[0].element_type != FUNCREF:
            raise LinkError("it must define one table, of functions")
        self.build_id = _build_id(module)
        self.table_size = module.tables[0].limits.minimum
        self.signatures = module.signatures()
        self.function_import_count = len(module.imported(Kind.FUNCTION))
        self.global_import_count = len(module.imported(Kind.GLOBAL))
        self.functions = module.exported(Kind.FUNCTION)
        self.globals = module.exported(Kind.GLOBAL)
        self.data = self._data()
        self.stack_pointer = self._global(STACK_POINTER)
        self.break_address = self._break_address()
        self.slots: dict[int, int] = {}
        for segment in module.elements:
            for slot, function in enumerate(segment.functions, run(segment.offset, [], NOWHERE)):
                self.slots.setdefault(function, slot)
        self.entries: list[Entry] = []
        # New data go where the heap began, or where an earlier link table is, to be replaced.
        self.data_end = self.constant(HEAP_BASE)
        if LINK_TABLE in self.globals:
            self.data_end = self.constant(LINK_TABLE)
            self._take_off_link_table()
        self._check_start()

    def constant(self, name: str) -> int:
        """The value of an exported constant."""
        item = self._defined(self._global(name))
        if item is None or item.type != GlobalType(I32, mutable=False):
            raise LinkError(f"its global {name} is not a constant")
        return run(item.init, [], NOWHERE)

    def set_constant(self, name: str, value: int) -> None:
        """Give an exported constant another value."""
        index = self._global(name) - self.global_import_count
        item = self.module.globals[index]
        self.module.globals[index] = Global(item.type, i32_const_expression(value))

    def duplicate(self, function: int) -> int:
        """Add a copy of a function; its index."""
        defined = function - self.function_import_count
        self.module.functions.append(self.module.functions[defined])
        self.module.code.append(self.module.code[defined])
        self.signatures.append(self.signatures[function])
        return len(self.signatures) - 1

    def _check_start(self) -> None:
        """Refuse a start function that writes where a link puts something."""
        start = self.module.start
        if start is None:
            return
        break_variable = range(self.break_address, self.break_address + 4)
        guard = Guard([break_variable, range(self.data_end, ADDRESS_SPACE)])
        try:
            if start < self.function_import_count:
                raise LinkError("it is an import")
            run(self.module.code[start - self.function_import_count], [], guard)
        except LinkError as error:
            raise LinkError(f"its start function may spoil what is linked: {error}") from None

    def _global(self, name: str) -> int:
        if name not in self.globals:
            raise LinkError(f"it does not export the global {name}")
        return self.globals[name]

    def _defined(self, index: int) -> Global | None:
        own = index - self.global_import_count
        return self.module.globals[own] if own >= 0 else None

    def _data(self) -> dict[str, int]:
        """The address of each exported datum."""
        data = {}
        for name, index in self.globals.items():
            item = self._defined(index)
            if name not in NOT_DATA and item and item.type == GlobalType(I32, mutable=False):
                data[name] = run(item.init, [], NOWHERE)
        return data

    def _break_address(self) -> int:
        """Where malloc keeps the end of the heap."""
        index = self.functions.get(SBRK_POINTER, -1) - self.function_import_count
        found = RETURNED_ADDRESS.search(self.module.code[index]) if index >= 0 else None
        if found is None:
            raise LinkError(f"it does not export {SBRK_POINTER}, so its heap cannot be moved")
        return leb128.read_signed(found[1], 0)[0] & 0xFFFF_FFFF

    def _take_off_link_table(self) -> None:
        """Remove the two segments the earlier link put last: the initial break, and the table."""
        segments = self.module.data[-2:]
        places = [run(item.offset, [], NOWHERE) for item in segments if item.offset]
        if places != [self.break_address, self.data_end]:
            raise LinkError("its link table is not in its last data segment")
        del self.module.data[-2:]
        self.entries = link_table.decode(segments[-1].content, self.data_end)


def _build_id(module: Module) -> bytes:
    """What the linker that made it has written; empty: another one made it."""
    section = module.custom("build_id")
    if section is None:
        return b""
    size, start = leb128.read_unsigned(section, 0)
    return section[start : start + size]
