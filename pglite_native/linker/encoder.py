"""`Module` to bytes (core spec, chapter 5), every integer in its shortest form.

So `encode(decode(binary))` is `binary` itself for modules that do the same, as those of wasm-opt
and wabt do.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import leb128
from .module import (
    HEADER,
    SECTION_ORDER,
    GlobalType,
    Import,
    Limits,
    Module,
    Section,
    Table,
)


def encode(module: Module) -> bytes:
    """Put a module together."""
    chunks = [HEADER]

    def section(number: Section, content: bytes) -> None:
        chunks.extend((bytes((number,)), leb128.unsigned(len(content)), content))

    def customs(after: Section) -> None:
        for custom in module.customs:
            if custom.after == after:
                section(Section.CUSTOM, _name(custom.name) + custom.content)

    contents = _contents(module)
    customs(Section.CUSTOM)
    for number in SECTION_ORDER:
        content = contents[number]
        if content is not None:
            section(number, content)
        customs(number)
    return b"".join(chunks)


def _contents(module: Module) -> dict[Section, bytes | None]:
    unsigned = leb128.unsigned
    return {
        Section.TYPE: _vector(module.types),
        Section.IMPORT: _vector(_encode_import(item) for item in module.imports),
        Section.FUNCTION: _vector(map(unsigned, module.functions)),
        Section.TABLE: _vector(map(_encode_table, module.tables)),
        Section.MEMORY: _vector(map(_encode_limits, module.memories)),
        Section.GLOBAL: _vector(_encode_global_type(g.type) + g.init for g in module.globals),
        Section.EXPORT: _vector(
            _name(item.name) + bytes((item.kind,)) + unsigned(item.index) for item in module.exports
        ),
        Section.START: None if module.start is None else unsigned(module.start),
        Section.ELEMENT: _vector(
            b"\0" + item.offset + (_vector(map(unsigned, item.functions)) or b"\0")
            for item in module.elements
        ),
        Section.DATA_COUNT: None if module.data_count is None else unsigned(module.data_count),
        Section.CODE: _vector(map(_sized, module.code)),
        Section.DATA: _vector(
            (b"\1" if item.offset is None else b"\0" + item.offset) + _sized(item.content)
            for item in module.data
        ),
    }


def _vector(items: Iterable[bytes]) -> bytes | None:
    """None, and so no section at all, if there are no items."""
    encoded = list(items)
    return leb128.unsigned(len(encoded)) + b"".join(encoded) if encoded else None


def _sized(content: bytes) -> bytes:
    return leb128.unsigned(len(content)) + content


def _name(name: str) -> bytes:
    return _sized(name.encode())


def _encode_import(item: Import) -> bytes:
    description = item.description
    if isinstance(description, Table):
        encoded = _encode_table(description)
    elif isinstance(description, Limits):
        encoded = _encode_limits(description)
    elif isinstance(description, GlobalType):
        encoded = _encode_global_type(description)
    else:
        encoded = leb128.unsigned(description)
    return _name(item.module) + _name(item.name) + bytes((item.kind,)) + encoded


def _encode_limits(limits: Limits) -> bytes:
    maximum = b"" if limits.maximum is None else leb128.unsigned(limits.maximum)
    return bytes((limits.flags,)) + leb128.unsigned(limits.minimum) + maximum


def _encode_table(table: Table) -> bytes:
    return bytes((table.element_type,)) + _encode_limits(table.limits)


def _encode_global_type(type: GlobalType) -> bytes:
    return bytes((type.value_type, type.mutable))
