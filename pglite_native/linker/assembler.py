"""Puts the result together: the base's module, to which everything is added.

Indices of the result: the base's functions keep their order, with the new imports behind its own;
the side modules' functions follow, then the traps, then the linker's. Types, globals, elements,
data and exports are only ever appended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import count

from . import leb128, link_table, part
from .alignment import align
from .base import HEAP_BASE, LINK_TABLE, Base
from .encoder import encode
from .errors import LinkError, blaming
from .function_table import FunctionTable
from .instructions import (
    EMPTY_BODY,
    END,
    NO_LOCALS,
    Constant,
    IndexMap,
    Op,
    call,
    i32_const,
    i32_const_expression,
    rewrite,
)
from .link_table import Entry, Symbol, SymbolKind
from .linked import HostFunction, Linked, LinkedModule
from .module import (
    I32,
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
    describe_type,
)
from .pruning import Kept
from .relocation import relocate, segments
from .resolver import BASE, HOST, NO_ARGUMENTS_TYPE, TRAP, Function, Resolution, Trap
from .side import Side
from .wrapping import forwarding_body

LINK_INIT = "__pglite_link_init"

PAGE_SIZE = 65536

LEFT_OUT = -1


class Assembler:
    def __init__(
        self,
        base: Base,
        sides: Sequence[Side],
        resolution: Resolution,
        kept: Sequence[Kept],
        memory_end: int,
        table_size: int,
    ) -> None:
        self.base = base
        self.sides = sides
        self.resolution = resolution
        self.kept = kept
        self.out = base.module
        self.memory_end = memory_end
        self.types = {type: index for index, type in reversed(list(enumerate(self.out.types)))}
        self.shift = len(resolution.host_imports)
        self.import_count = base.function_import_count + self.shift
        next_index = len(base.signatures) + self.shift
        # Of each side module, the indices that its own functions get.
        self.own_functions: list[dict[int, int]] = []
        for of_side in kept:
            own = sorted(of_side.functions)
            self.own_functions.append(dict(zip(own, count(next_index), strict=False)))
            next_index += len(own)
        self.first_trap = next_index
        slots = {self._index(Function(BASE, old)): slot for old, slot in base.slots.items()}
        self.table = FunctionTable(table_size, slots)
        self.entries = list(base.entries)
        self.modules: list[LinkedModule] = []

    def assemble(self) -> Linked:
        self._add_imports()
        self._wrap()
        # All modules' own table entries are known before the first function gets a new one.
        for position, side in enumerate(self.sides):
            with blaming(side.name):
                self._add_elements(position, side)
        for position, side in enumerate(self.sides):
            with blaming(side.name):
                self._add_side(position, side)
        for trap in self.resolution.traps:
            self._add_trap(trap)
        self._add_link_init()
        self._add_link_table()
        self._fit_table_and_memory()
        return self._result()

    # --- indices ---

    def _index(self, function: Function) -> int:
        """A function's index in the result."""
        owner, index = function.owner, function.index
        if owner == HOST:
            return self.base.function_import_count + index
        if owner == TRAP:
            return self.first_trap + index
        if owner == BASE:
            return index + self.shift if index >= self.base.function_import_count else index
        if index < len(self.sides[owner].function_imports):  # an import, exported again
            return self._index(self.resolution.bindings[owner].functions[index])
        return self.own_functions[owner][index]

    def _indices(self, owner: int, count: int) -> list[int]:
        """The index in the result of each function of a module; LEFT_OUT: it is not kept."""
        functions = (Function(owner, index) for index in range(count))
        return [self._index(item) if self._is_kept(item) else LEFT_OUT for item in functions]

    def _is_kept(self, function: Function) -> bool:
        owner, index = function.owner, function.index
        if owner < 0:
            return True
        if index < len(self.sides[owner].function_imports):
            return self._is_kept(self.resolution.bindings[owner].functions[index])
        return index in self.own_functions[owner]

    def _type(self, type: bytes) -> int:
        """The index of a type, which is added if it is new."""
        if type not in self.types:
            self.types[type] = len(self.out.types)
            self.out.types.append(type)
        return self.types[type]

    # --- what is added, in order ---

    def _add_imports(self) -> None:
        """Add the new imports. They come before all functions, so all indices move."""
        if not self.shift:
            return
        out = self.out
        functions = self._indices(BASE, len(self.base.signatures))
        same = range(len(out.types)), range(self.base.global_import_count + len(out.globals))
        indices = IndexMap(functions, *same)
        with blaming("base module"):
            out.code = [rewrite(body, indices) for body in out.code]
            out.globals = [
                # Its value is code too, and may refer to a function.
                Global(item.type, rewrite(NO_LOCALS + item.init, indices)[len(NO_LOCALS) :])
                for item in out.globals
            ]
        out.start = None if out.start is None else functions[out.start]
        out.elements = [
            Elements(segment.offset, [functions[old] for old in segment.functions])
            for segment in out.elements
        ]
        out.exports = [
            replace(item, index=functions[item.index]) if item.kind == Kind.FUNCTION else item
            for item in out.exports
        ]
        for item in self.resolution.host_imports:
            type = self._type(item.type)
            out.imports.append(Import(item.module, item.name, Kind.FUNCTION, type))

    def _wrap(self) -> None:
        """Make the wrapped functions calls of their wrappers."""
        for wrapping in self.resolution.wrappings:
            wrapper = self._index(Function(wrapping.position, wrapping.wrapper))
            type = self.base.signatures[wrapping.function]
            defined = wrapping.function - self.base.function_import_count
            self.out.code[defined] = forwarding_body(type, wrapper)

    def _add_elements(self, position: int, side: Side) -> None:
        for first, functions in side.elements():
            indices = [self._index(Function(position, old)) for old in functions]
            self.out.elements.append(self.table.adopt(first, indices))

    def _add_side(self, position: int, side: Side) -> None:
        bindings = self.resolution.bindings[position]
        imported = [self._imported_global(target) for target in bindings.globals]
        relocated = relocate(side, imported, self._add_global)
        functions = self._indices(position, len(side.signatures))
        types = [self._type(type) for type in side.module.types]
        indices = IndexMap(functions, types, relocated.globals)
        bodies = zip(side.module.functions, side.module.code, strict=True)
        for function, (type, body) in enumerate(bodies, len(side.function_imports)):
            if functions[function] == LEFT_OUT:
                continue
            finished = function in relocated.finished
            self._add_function(types[type], EMPTY_BODY if finished else rewrite(body, indices))
        self.out.data += segments(side.memory_base, relocated.image)
        symbols = {
            name: Symbol(SymbolKind.FUNCTION, self.table.slot(functions[side.functions[name]]))
            for name in side.functions
            if name in self.kept[position].symbols
        }
        symbols.update(
            (name, Symbol(SymbolKind.DATUM, address)) for name, address in side.data.items()
        )
        if side.export:
            for name, index in side.functions.items():
                self._export(name, Kind.FUNCTION, functions[index])
            for name, address in side.data.items():
                self._export(name, Kind.GLOBAL, self._add_constant(address))
        self._record(side, symbols, bindings.providers)

    def _imported_global(self, target: int | Constant | Function) -> int | Constant:
        if not isinstance(target, Function):
            return target
        if not self._is_kept(target):  # only what is left out asks for its address
            return Constant(0)
        return Constant(self.table.slot(self._index(target)))

    def _record(
        self, side: Side, symbols: dict[str, Symbol], providers: dict[str, list[str]]
    ) -> None:
        kept = self.kept[len(self.modules)].functions
        size, table_size = side.dylink.memory_size, side.dylink.table_size
        self.entries.append(
            Entry(side.name, side.memory_base, size, side.table_base, table_size, symbols)
        )
        self.modules.append(
            LinkedModule(
                side.name,
                side.memory_base,
                size,
                side.table_base,
                table_size,
                functions=len(kept),
                code_size=sum(len(side.body(function)) for function in kept),
                symbols=len(symbols),
                providers=providers,
            )
        )

    def _add_trap(self, trap: Trap) -> None:
        """Add a function that ends the guest and says what is missing."""
        reporter = self.resolution.trap_reporter
        assert reporter is not None, "the resolver finds one with the first trap"
        arguments = (
            self._add_text(f"undefined symbol {trap.symbol}"),
            self._add_text(trap.module),
            0,
            self._add_text(trap.symbol),
        )
        push = b"".join(map(i32_const, arguments))
        stop = bytes((Op.UNREACHABLE,))
        body = NO_LOCALS + push + call(self._index(reporter)) + stop + END
        self._add_function(self._type(trap.type), body)

    def _add_text(self, text: str) -> int:
        """Add a C string; its address."""
        address = self.memory_end
        content = text.encode() + b"\0"
        self.out.data.append(Data(i32_const_expression(address), content))
        self.memory_end += len(content)
        return address

    def _add_link_init(self) -> None:
        """Add the function that runs all constructors, those of an earlier link first."""
        constructors = [
            self._index(Function(position, side.constructors))
            for position, side in enumerate(self.sides)
            if side.constructors is not None
        ]
        earlier = self.out.exported(Kind.FUNCTION).get(LINK_INIT)
        if earlier is not None:
            if not constructors:
                return
            self.out.exports = [item for item in self.out.exports if item.name != LINK_INIT]
            constructors.insert(0, earlier)
        body = NO_LOCALS + b"".join(map(call, constructors)) + END
        self._export(
            LINK_INIT, Kind.FUNCTION, self._add_function(self._type(NO_ARGUMENTS_TYPE), body)
        )

    def _add_link_table(self) -> None:
        """Add the last data segments: the initial break, and the table behind all other data."""
        address = align(self.memory_end, link_table.ALIGNMENT)
        table = link_table.encode(self.entries, address)
        heap_base = align(address + len(table), link_table.ALIGNMENT)
        if LINK_TABLE in self.base.globals:
            self.base.set_constant(LINK_TABLE, address)
        else:
            self._export(LINK_TABLE, Kind.GLOBAL, self._add_constant(address))
        self.base.set_constant(HEAP_BASE, heap_base)
        self.out.data += (
            Data(i32_const_expression(self.base.break_address), heap_base.to_bytes(4, "little")),
            Data(i32_const_expression(address), table),
        )
        self.memory_end = heap_base

    def _fit_table_and_memory(self) -> None:
        out = self.out
        out.elements += self.table.new_elements()
        (table,) = out.tables
        out.tables = [Table(table.element_type, table.limits.at_least(self.table.size))]
        pages = -(-self.memory_end // PAGE_SIZE)
        out.memories = [limits.at_least(pages) for limits in out.memories]
        out.imports = [
            replace(item, description=item.description.at_least(pages))
            if isinstance(item.description, Limits)
            else item
            for item in out.imports
        ]
        if out.data_count is not None:
            out.data_count = len(out.data)
        out.customs = self._customs()

    def _customs(self) -> list[Custom]:
        """What is said of the base; names and debugging data speak of the old indices."""
        if not self.sides:
            return [item for item in self.out.customs if item.name == part.SECTION]
        if not self.base.build_id or self.resolution.wrappings:
            return []
        first = len(self.base.signatures) + self.shift
        return [part.Added(self.base.build_id, first, self.shift, self.base.table_size).section()]

    # --- one thing each ---

    def _add_function(self, type: int, body: bytes) -> int:
        self.out.functions.append(type)
        self.out.code.append(body)
        return self.import_count + len(self.out.functions) - 1

    def _add_global(self, item: Global) -> int:
        self.out.globals.append(item)
        return self.base.global_import_count + len(self.out.globals) - 1

    def _add_constant(self, value: int) -> int:
        return self._add_global(Global(GlobalType(I32, mutable=False), i32_const_expression(value)))

    def _export(self, name: str, kind: Kind, index: int) -> None:
        if any(item.name == name for item in self.out.exports):
            raise LinkError(f"{name} is exported already")
        self.out.exports.append(Export(name, kind, index))

    def _result(self) -> Linked:
        out = self.out
        new = {(item.module, item.name) for item in self.resolution.host_imports}
        host_functions = [
            HostFunction(i.module, i.name, describe_type(type), (i.module, i.name) in new)
            for i, type in zip(out.imported(Kind.FUNCTION), out.signatures(), strict=False)
        ]
        return Linked(
            encode_with_build_id(out),
            self.modules,
            host_functions,
            self.resolution.traps,
            self.resolution.wrappings,
            heap_base=self.memory_end,
            table_size=self.table.size,
        )


def encode_with_build_id(module: Module) -> bytes:
    """Encode, with a hash of all the rest, by which one module can be told from another.

    Reference: WebAssembly tool conventions, BuildId.md. It comes first, where it is found at once.
    """
    digest = sha256(encode(module)).digest()
    build_id = Custom("build_id", leb128.unsigned(len(digest)) + digest, Section.CUSTOM)
    return encode(replace(module, customs=[build_id, *module.customs]))
