"""A side module as the linker takes it in: what it gives, what it asks for, where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from . import dylink
from .decoder import decode
from .errors import LinkError, MalformedModuleError
from .instructions import EMPTY_BODY, References, references
from .module import Kind
from .startup import NOWHERE, U32, run

DATA_RELOCATIONS = "__wasm_apply_data_relocs"
CONSTRUCTORS = "__wasm_call_ctors"
INTERNAL_PREFIX = "__wasm_"

TABLE_BASE = "__table_base"


@dataclass(frozen=True)
class SideModule:
    """An input of the linker.

    Every module's symbols are there for the other modules and in the link table; with `export` they
    become exports of the result as well.
    """

    name: str
    binary: bytes
    export: bool = False


class Side:
    """A decoded side module."""

    def __init__(self, source: SideModule) -> None:
        self.name = source.name
        self.export = source.export
        self.module = module = decode(source.binary)
        section = module.custom(dylink.SECTION_NAME)
        if section is None:
            raise MalformedModuleError("not a side module: it has no dylink.0 section")
        if module.tables or module.memories:
            raise MalformedModuleError("not a side module: it defines its own table or memory")
        self.dylink = dylink.decode(section)
        self.signatures = module.signatures()
        self.function_imports = module.imported(Kind.FUNCTION)
        self.global_imports = module.imported(Kind.GLOBAL)
        functions = module.exported(Kind.FUNCTION)
        self._internal = {n: f for n, f in functions.items() if n.startswith(INTERNAL_PREFIX)}
        self.functions = {n: f for n, f in functions.items() if n not in self._internal}
        self.memory_base = self.table_base = 0
        self.data: dict[str, int] = {}

    def place(self, memory_base: int, table_base: int) -> None:
        """Give the module its bases, and so its data their addresses."""
        self.memory_base = memory_base
        self.table_base = table_base
        for name, index in self.module.exported(Kind.GLOBAL).items():
            own = index - len(self.global_imports)
            if own >= 0 and not self.module.globals[own].type.mutable:
                # A datum is exported as its distance from the memory base.
                distance = run(self.module.globals[own].init, [], NOWHERE)
                self.data[name] = memory_base + distance & U32

    def elements(self) -> list[tuple[int, list[int]]]:
        """The element segments: first table index, functions."""
        known = [
            self.table_base if item.name == TABLE_BASE else None for item in self.global_imports
        ]
        segments = []
        for segment in self.module.elements:
            first = run(segment.offset, known, NOWHERE)
            last = first + len(segment.functions)
            if not self.table_base <= first <= last <= self.table_base + self.dylink.table_size:
                raise LinkError(f"an element segment, {first} to {last}, is outside its table")
            segments.append((first, segment.functions))
        return segments

    @property
    def defined(self) -> set[str]:
        """The names of what it exports."""
        own = len(self.global_imports)
        data = self.module.exported(Kind.GLOBAL)
        return {*self.functions, *(name for name, index in data.items() if index >= own)}

    @property
    def own_functions(self) -> range:
        """The indices of those that are not imported."""
        return range(len(self.function_imports), len(self.signatures))

    @cached_property
    def references(self) -> list[References]:
        """What each of its own functions refers to."""
        return [references([body]) for body in self.module.code]

    @property
    def start_up(self) -> list[int]:
        """The functions that finish the module's globals and data, in order."""
        functions = [self.module.start, self._internal.get(DATA_RELOCATIONS)]
        return [function for function in functions if function is not None]

    @property
    def constructors(self) -> int | None:
        """The function to call when the guest starts, if there is anything to do."""
        index = self._internal.get(CONSTRUCTORS)
        return None if index is None or self.body(index) == EMPTY_BODY else index

    def body(self, function: int) -> bytes:
        defined = function - len(self.function_imports)
        if defined < 0:
            raise LinkError(f"function {function} is an import, where one of its own is expected")
        return self.module.code[defined]
