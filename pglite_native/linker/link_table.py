"""The link table: what `dlopen` and `dlsym` look up, and what the next link onto this module reads.

Its layout is the contract with the host and is described in docs/LINKER.md.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from .errors import LinkError

ALIGNMENT = 16

_TABLE = struct.Struct("<II")
_MODULE = struct.Struct("<8I")
_SYMBOL = struct.Struct("<4I")


class SymbolKind(IntEnum):
    FUNCTION = 0
    DATUM = 1


@dataclass(frozen=True)
class Symbol:
    """`value` is a table index or an address."""

    kind: SymbolKind
    value: int


@dataclass(frozen=True)
class Entry:
    """One linked side module."""

    name: str
    memory_base: int
    memory_size: int
    table_base: int
    table_size: int
    symbols: dict[str, Symbol] = field(default_factory=dict)


def encode(entries: Sequence[Entry], address: int) -> bytes:
    """The table as it lies in memory at `address`: all records, then all names."""
    modules = sorted(entries, key=lambda entry: entry.name.encode())
    modules_at = address + _TABLE.size
    symbols_at = modules_at + _MODULE.size * len(modules)
    names_at = symbols_at + _SYMBOL.size * sum(len(entry.symbols) for entry in modules)
    names = bytearray()
    places: dict[str, tuple[int, int]] = {}

    def place(name: str) -> tuple[int, int]:
        if name not in places:
            encoded = name.encode()
            places[name] = names_at + len(names), len(encoded)
            names.extend(encoded + b"\0")
        return places[name]

    module_records = bytearray()
    symbol_records = bytearray()
    for entry in modules:
        module_records += _MODULE.pack(
            *place(entry.name),
            len(entry.symbols),
            symbols_at + len(symbol_records),
            entry.memory_base,
            entry.memory_size,
            entry.table_base,
            entry.table_size,
        )
        for name in sorted(entry.symbols, key=str.encode):
            symbol = entry.symbols[name]
            symbol_records += _SYMBOL.pack(*place(name), symbol.kind, symbol.value)
    return b"".join((_TABLE.pack(len(modules), modules_at), module_records, symbol_records, names))


def decode(content: bytes, address: int) -> list[Entry]:
    """The modules in the order they were linked, which is the order of their memory."""

    def take(pointer: int, size: int) -> bytes:
        start = pointer - address
        if not 0 <= start <= len(content) - size:
            raise ValueError(f"{size} bytes at {pointer} are outside of it")
        return content[start : start + size]

    def unpack(record: struct.Struct, pointer: int) -> tuple[int, ...]:
        return record.unpack(take(pointer, record.size))

    def name(pointer: int, length: int) -> str:
        return take(pointer, length).decode()

    entries = []
    try:
        count, modules_at = unpack(_TABLE, address)
        for number in range(count):
            record = unpack(_MODULE, modules_at + number * _MODULE.size)
            symbols = {}
            for index in range(record[2]):
                symbol = unpack(_SYMBOL, record[3] + index * _SYMBOL.size)
                symbols[name(*symbol[:2])] = Symbol(SymbolKind(symbol[2]), symbol[3])
            memory_base, memory_size, table_base, table_size = record[4:]
            entries.append(
                Entry(name(*record[:2]), memory_base, memory_size, table_base, table_size, symbols)
            )
    except ValueError as error:
        raise LinkError(f"its link table is damaged: {error}") from None
    return sorted(entries, key=lambda entry: (entry.memory_base, entry.table_base))
