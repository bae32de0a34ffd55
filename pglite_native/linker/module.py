"""A WebAssembly module as sections (core spec, chapter 2).

Only what linking touches is taken apart: function types, constant expressions and function bodies
stay the bytes they are in the binary. `decoder` and `encoder` go from bytes to this and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

HEADER = b"\0asm\1\0\0\0"

FUNCTION_TYPE = 0x60
FUNCREF = 0x70
I32 = 0x7F


class Section(IntEnum):
    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    MEMORY = 5
    GLOBAL = 6
    EXPORT = 7
    START = 8
    ELEMENT = 9
    CODE = 10
    DATA = 11
    DATA_COUNT = 12


# Order in a module, which is not the order of the numbers.
SECTION_ORDER = (
    Section.TYPE,
    Section.IMPORT,
    Section.FUNCTION,
    Section.TABLE,
    Section.MEMORY,
    Section.GLOBAL,
    Section.EXPORT,
    Section.START,
    Section.ELEMENT,
    Section.DATA_COUNT,
    Section.CODE,
    Section.DATA,
)


class Kind(IntEnum):
    """Of an import or export."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3


@dataclass(frozen=True)
class Limits:
    flags: int
    minimum: int
    maximum: int | None

    def at_least(self, minimum: int) -> Limits:
        """These limits, with room for `minimum`."""
        maximum = None if self.maximum is None else max(self.maximum, minimum)
        return Limits(self.flags, max(self.minimum, minimum), maximum)


@dataclass(frozen=True)
class Table:
    element_type: int
    limits: Limits


@dataclass(frozen=True)
class GlobalType:
    value_type: int
    mutable: bool


@dataclass(frozen=True)
class Import:
    """`description` is a type index, Table, Limits (of a memory) or GlobalType, as `kind` says."""

    module: str
    name: str
    kind: Kind
    description: int | Table | Limits | GlobalType


@dataclass(frozen=True)
class Global:
    type: GlobalType
    init: bytes


@dataclass(frozen=True)
class Export:
    name: str
    kind: Kind
    index: int


@dataclass(frozen=True)
class Elements:
    """An active segment of function indices for table 0: the only form wasm-ld writes."""

    offset: bytes
    functions: list[int]


@dataclass(frozen=True)
class Data:
    """`offset` is the constant expression of an active segment, None for a passive one."""

    offset: bytes | None
    content: bytes


@dataclass(frozen=True)
class Custom:
    """`after` is the section it follows, CUSTOM if it comes before all."""

    name: str
    content: bytes
    after: Section


@dataclass
class Module:
    types: list[bytes] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    memories: list[Limits] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elements: list[Elements] = field(default_factory=list)
    data_count: int | None = None
    code: list[bytes] = field(default_factory=list)
    data: list[Data] = field(default_factory=list)
    customs: list[Custom] = field(default_factory=list)

    def imported(self, kind: Kind) -> list[Import]:
        return [item for item in self.imports if item.kind == kind]

    def function_types(self) -> list[int]:
        """Type index of each function, imported ones first."""
        imported = [item.description for item in self.imported(Kind.FUNCTION)]
        return [index for index in imported if isinstance(index, int)] + self.functions

    def signatures(self) -> list[bytes]:
        """Type of each function, imported ones first."""
        return [self.types[index] for index in self.function_types()]

    def exported(self, kind: Kind) -> dict[str, int]:
        return {item.name: item.index for item in self.exports if item.kind == kind}

    def custom(self, name: str) -> bytes | None:
        return next((custom.content for custom in self.customs if custom.name == name), None)


_VALUE_TYPE_NAMES = {
    I32: "i32",
    0x7E: "i64",
    0x7D: "f32",
    0x7C: "f64",
    0x7B: "v128",
    FUNCREF: "funcref",
    0x6F: "externref",
}


def describe_type(type: bytes) -> str:
    """A function type for people: (i32, i64) -> i32."""
    count = type[1]
    parameters, results = type[2 : 2 + count], type[3 + count :]
    names = [
        ", ".join(_VALUE_TYPE_NAMES.get(value, hex(value)) for value in values)
        for values in (parameters, results)
    ]
    return f"({names[0]}) -> {names[1] or '()'}"
