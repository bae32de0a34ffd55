"""Bytes to `Module` (core spec, chapter 5).

Malformed input raises `MalformedModuleError`, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from . import leb128
from .errors import MalformedModuleError
from .module import (
    FUNCTION_TYPE,
    HEADER,
    SECTION_ORDER,
    Custom,
    Data,
    Elements,
    Export,
    Global,
    GlobalType,
    Import,
    Kind,
    Limits,
    Module,
    Section,
    Table,
)

T = TypeVar("T")


class Reader:
    """A cursor over bytes that never reads past their end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position == len(self.data)

    def take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.data):
            raise MalformedModuleError(f"truncated: {size} bytes expected at {self.position}")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def unsigned(self) -> int:
        value, self.position = leb128.read_unsigned(self.data, self.position)
        return value

    def sized(self) -> bytes:
        return self.take(self.unsigned())

    def name(self) -> str:
        try:
            return self.sized().decode()
        except UnicodeDecodeError as error:
            raise MalformedModuleError(f"a name is not UTF-8: {error}") from None

    def vector(self, item: Callable[[], T]) -> list[T]:
        return [item() for _ in range(self.unsigned())]

    def match(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        found = pattern.match(self.data, self.position)
        if found is None:
            raise MalformedModuleError(f"not {what} at {self.position}")
        self.position = found.end()
        return found[0]


_LEB = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
CONSTANT_EXPRESSION = re.compile(
    rb"(?:[\x23\x41\x42\xd2]" + _LEB + rb"|\x43.{4}|\x44.{8}|\xd0.|[\x6a-\x6c\x7c-\x7e])*\x0b",
    re.DOTALL,
)


def decode(binary: bytes) -> Module:
    """Take a module apart."""
    if binary[: len(HEADER)] != HEADER:
        is_wasm = binary[:4] == HEADER[:4]
        what = f"version {binary[4:8].hex()} of WebAssembly" if is_wasm else "not WebAssembly"
        raise MalformedModuleError(f"{what}: expected \\0asm version 1")
    reader = Reader(binary)
    reader.take(len(HEADER))
    module = Module()
    last = Section.CUSTOM
    while not reader.at_end:
        number = reader.byte()
        content = Reader(reader.sized())
        if number == Section.CUSTOM:
            name = content.name()
            module.customs.append(Custom(name, content.data[content.position :], last))
            continue
        if number not in _DECODERS:
            raise MalformedModuleError(f"unknown section {number}")
        section = Section(number)
        if last and SECTION_ORDER.index(section) <= SECTION_ORDER.index(last):
            raise MalformedModuleError(f"section {section.name} after {last.name}")
        _DECODERS[section](content, module)
        if not content.at_end:
            raise MalformedModuleError(f"section {section.name} has bytes left over")
        last = section
    _check(module)
    return module


def _check(module: Module) -> None:
    """What later steps rely on: counts that agree, and indices that exist outside of code."""
    if len(module.code) != len(module.functions):
        raise MalformedModuleError(f"{len(module.functions)} functions, {len(module.code)} bodies")
    if module.data_count not in (None, len(module.data)):
        raise MalformedModuleError(f"DataCount {module.data_count}, {len(module.data)} segments")
    function_types = module.function_types()
    function_indices = [item.index for item in module.exports if item.kind == Kind.FUNCTION]
    function_indices += [index for segment in module.elements for index in segment.functions]
    if module.start is not None:
        function_indices.append(module.start)
    globals_count = len(module.imported(Kind.GLOBAL)) + len(module.globals)
    global_indices = [item.index for item in module.exports if item.kind == Kind.GLOBAL]
    for what, indices, count in (
        ("type", function_types, len(module.types)),
        ("function", function_indices, len(function_types)),
        ("global", global_indices, globals_count),
    ):
        if max(indices, default=-1) >= count:
            raise MalformedModuleError(f"{what} {max(indices)} does not exist")


def _decode_types(reader: Reader, module: Module) -> None:
    def item() -> bytes:
        start = reader.position
        if reader.byte() != FUNCTION_TYPE:
            raise MalformedModuleError("a type that is not a function's")
        # A value type is one byte, so a vector of them reads like a string.
        reader.sized()
        reader.sized()
        return reader.data[start : reader.position]

    module.types = reader.vector(item)


def _decode_imports(reader: Reader, module: Module) -> None:
    def item() -> Import:
        source, name, kind = reader.name(), reader.name(), _kind(reader)
        if kind == Kind.FUNCTION:
            return Import(source, name, kind, reader.unsigned())
        if kind == Kind.TABLE:
            return Import(source, name, kind, _table(reader))
        if kind == Kind.MEMORY:
            return Import(source, name, kind, _limits(reader))
        return Import(source, name, kind, _global_type(reader))

    module.imports = reader.vector(item)


def _decode_functions(reader: Reader, module: Module) -> None:
    module.functions = reader.vector(reader.unsigned)


def _decode_tables(reader: Reader, module: Module) -> None:
    module.tables = reader.vector(lambda: _table(reader))


def _decode_memories(reader: Reader, module: Module) -> None:
    module.memories = reader.vector(lambda: _limits(reader))


def _decode_globals(reader: Reader, module: Module) -> None:
    module.globals = reader.vector(lambda: Global(_global_type(reader), _expression(reader)))


def _decode_exports(reader: Reader, module: Module) -> None:
    module.exports = reader.vector(lambda: Export(reader.name(), _kind(reader), reader.unsigned()))


def _decode_start(reader: Reader, module: Module) -> None:
    module.start = reader.unsigned()


def _decode_elements(reader: Reader, module: Module) -> None:
    def item() -> Elements:
        if flags := reader.unsigned():
            raise MalformedModuleError(f"element segment of form {flags}; only form 0 is read")
        return Elements(_expression(reader), reader.vector(reader.unsigned))

    module.elements = reader.vector(item)


def _decode_data_count(reader: Reader, module: Module) -> None:
    module.data_count = reader.unsigned()


def _decode_code(reader: Reader, module: Module) -> None:
    module.code = reader.vector(reader.sized)


def _decode_data(reader: Reader, module: Module) -> None:
    def item() -> Data:
        flags = reader.unsigned()
        if flags > 1:
            raise MalformedModuleError(f"data segment of form {flags}; only forms 0 and 1 are read")
        return Data(None if flags else _expression(reader), reader.sized())

    module.data = reader.vector(item)


_DECODERS: dict[Section, Callable[[Reader, Module], None]] = {
    Section.TYPE: _decode_types,
    Section.IMPORT: _decode_imports,
    Section.FUNCTION: _decode_functions,
    Section.TABLE: _decode_tables,
    Section.MEMORY: _decode_memories,
    Section.GLOBAL: _decode_globals,
    Section.EXPORT: _decode_exports,
    Section.START: _decode_start,
    Section.ELEMENT: _decode_elements,
    Section.DATA_COUNT: _decode_data_count,
    Section.CODE: _decode_code,
    Section.DATA: _decode_data,
}


def _kind(reader: Reader) -> Kind:
    number = reader.byte()
    if number > Kind.GLOBAL:
        raise MalformedModuleError(f"import or export of kind {number}")
    return Kind(number)


def _limits(reader: Reader) -> Limits:
    flags = reader.byte()
    if flags > 3:  # bit 0: has a maximum; bit 1: shared
        raise MalformedModuleError(f"limits with flags {flags}")
    return Limits(flags, reader.unsigned(), reader.unsigned() if flags & 1 else None)


def _table(reader: Reader) -> Table:
    return Table(reader.byte(), _limits(reader))


def _global_type(reader: Reader) -> GlobalType:
    value_type, mutable = reader.byte(), reader.byte()
    if mutable > 1:
        raise MalformedModuleError(f"global with mutability {mutable}")
    return GlobalType(value_type, bool(mutable))


def _expression(reader: Reader) -> bytes:
    return reader.match(CONSTANT_EXPRESSION, "a constant expression")
