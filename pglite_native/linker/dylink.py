"""The `dylink.0` custom section, by which a side module says what it needs.

https://github.com/WebAssembly/tool-conventions/blob/main/DynamicLinking.md
"""

from __future__ import annotations

from dataclasses import dataclass

from .decoder import Reader
from .errors import MalformedModuleError

SECTION_NAME = "dylink.0"

MEM_INFO = 1
IMPORT_INFO = 4
SYMBOL_BINDING_WEAK = 1

# More than any module asks for; a corrupt size must not become an allocation.
MAX_MEMORY_SIZE = 256 << 20
MAX_TABLE_SIZE = 100_000
MAX_ALIGNMENT_LOG2 = 16


@dataclass(frozen=True)
class Dylink:
    memory_size: int = 0
    memory_alignment: int = 1
    table_size: int = 0
    table_alignment: int = 1
    weak_imports: frozenset[str] = frozenset()


def decode(section: bytes) -> Dylink:
    reader = Reader(section)
    memory_info = (0, 0, 0, 0)
    weak = set()
    while not reader.at_end:
        kind = reader.byte()
        content = Reader(reader.sized())
        if kind == MEM_INFO:
            memory_info = (
                content.unsigned(), content.unsigned(), content.unsigned(), content.unsigned()
            )  # fmt: skip
        elif kind == IMPORT_INFO:
            for _ in range(content.unsigned()):
                _, name, flags = content.name(), content.name(), content.unsigned()
                if flags & SYMBOL_BINDING_WEAK:
                    weak.add(name)
    memory_size, memory_log2, table_size, table_log2 = memory_info
    if memory_size > MAX_MEMORY_SIZE or table_size > MAX_TABLE_SIZE:
        raise MalformedModuleError(f"wants {memory_size} bytes and {table_size} table entries")
    if max(memory_log2, table_log2) > MAX_ALIGNMENT_LOG2:
        raise MalformedModuleError(f"wants alignment 2**{max(memory_log2, table_log2)}")
    return Dylink(memory_size, 1 << memory_log2, table_size, 1 << table_log2, frozenset(weak))
