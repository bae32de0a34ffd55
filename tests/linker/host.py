"""A host's view of a linked module, as docs/LINKER.md describes it."""

from __future__ import annotations

import struct

from pglite_native.linker.decoder import decode
from pglite_native.linker.module import Kind

MEMORY_SIZE = 32 << 20


class Host:
    """Memory and table of a module that was just instantiated, and a look-up in its link table."""

    def __init__(self, binary: bytes) -> None:
        self.module = decode(binary)
        self.memory = bytearray(MEMORY_SIZE)
        for segment in self.module.data:
            start = constant(segment.offset or b"")
            self.memory[start : start + len(segment.content)] = segment.content
        self.table = {
            slot: function
            for segment in self.module.elements
            for slot, function in enumerate(segment.functions, constant(segment.offset))
        }
        self.address = self.exported("pglite_link_table")

    def exported(self, name: str) -> int:
        index = self.module.exported(Kind.GLOBAL)[name]
        return constant(self.module.globals[index].init)

    def words(self, address: int, count: int) -> list[int]:
        return list(struct.unpack_from(f"<{count}I", self.memory, address))

    def records(self, first: int, count: int, size: int) -> dict[str, list[int]]:
        """What follows the name in each of some records, by that name."""
        found = {}
        for address in range(first, first + size * count, size):
            start, length, *words = self.words(address, size // 4)
            assert self.memory[start + length] == 0
            found[self.memory[start : start + length].decode()] = words
        return found

    def modules(self) -> dict[str, list[int]]:
        count, first = self.words(self.address, 2)
        return self.records(first, count, size=32)

    def symbols(self, module: str) -> dict[str, list[int]]:
        count, first, *_ = self.modules()[module]
        return self.records(first, count, size=16)


def constant(expression: bytes) -> int:
    """The number in i32.const N, end."""
    value = 0
    for position, byte in enumerate(expression[1:-1]):
        value |= (byte & 0x7F) << 7 * position
    return value
