"""Put a base module and its side modules together. docs/LINKER.md tells the whole story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from . import link_table
from .base import HEAP_BASE, LINK_TABLE, Base
from .encoder import encode
from .errors import LinkError
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
from .module import (
    I32,
    Data,
    Elements,
    Export,
    Global,
    GlobalType,
    Import,
    Kind,
    Limits,
    Table,
    describe_type,
)
from .relocation import relocate, segments
from .resolver import (
    BASE,
    HOST,
    NO_ARGUMENTS_TYPE,
    TRAP,
    Function,
    Policy,
    Resolution,
    Trap,
    resolve,
)
from .side import Side, SideModule

LINK_INIT = "__pglite_link_init"

STACK_ALIGNMENT = 16  # of C's most aligned type, and so of every module's data
PAGE_SIZE = 65536


@dataclass(frozen=True)
class LinkedModule:
    """What a report says of one side module. `providers` are the modules its symbols came from."""

    name: str
    memory_base: int
    memory_size: int
    table_base: int
    table_size: int
    functions: int
    code_size: int
    symbols: int
    providers: dict[str, list[str]]


@dataclass(frozen=True)
class HostFunction:
    """An import of the result."""

    module: str
    name: str
    type: str
    is_new: bool


@dataclass(frozen=True)
class Linked:
    binary: bytes
    modules: list[LinkedModule]
    host_functions: list[HostFunction]
    traps: list[Trap]
    heap_base: int
    table_size: int


def link(base: bytes, modules: Sequence[SideModule], policy: Policy | None = None) -> Linked:
    """Link side modules onto a base: Emscripten's main module, or the result of an earlier link."""
    with _blaming("base module"):
        decoded_base = Base(base)
    sides = []
    for source in modules:
        with _blaming(source.name):
            sides.append(Side(source))
    linker = _Linker(decoded_base, sides)
    linker.place()
    linker.assemble(resolve(decoded_base, sides, policy or Policy()))
    return linker.result()


@contextmanager
def _blaming(name: str) -> Iterator[None]:
    """Put the module's name before the message of an error."""
    try:
        yield
    except LinkError as error:
        raise type(error)(f"{name}: {error}") from error


class _Linker:
    """The result in the making. The base's own module is what is added to."""

    def __init__(self, base: Base, sides: Sequence[Side]) -> None:
        self.base = base
        self.sides = sides
        self.out = base.module
        self.memory_end = base.data_end
        self.table_end = base.table_size
        self.types = {type: index for index, type in reversed(list(enumerate(self.out.types)))}
        self.entries = list(base.entries)
        self.modules: list[LinkedModule] = []
        names = [entry.name for entry in base.entries] + [side.name for side in sides]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise LinkError(f"linked twice: {', '.join(twice)}")

    def place(self) -> None:
        """Give each side module its bases."""
        for side in self.sides:
            needs = side.dylink
            memory_base = _align(self.memory_end, max(needs.memory_alignment, STACK_ALIGNMENT))
            table_base = _align(self.table_end, needs.table_alignment)
            with _blaming(side.name):
                side.place(memory_base, table_base)
            self.memory_end = memory_base + needs.memory_size
            self.table_end = table_base + needs.table_size

    def assemble(self, resolution: Resolution) -> None:
        """Add everything to the base."""
        self.resolution = resolution
        self._number_functions()
        self._renumber_base()
        for item in resolution.host_imports:
            type = self._type(item.type)
            self.out.imports.append(Import(item.module, item.name, Kind.FUNCTION, type))
        self._lay_out_table()
        constructors = []
        for position, side in enumerate(self.sides):
            with _blaming(side.name):
                self._add_side(position, side)
                if side.constructors is not None:
                    constructors.append(self._index(Function(position, side.constructors)))
        for trap in resolution.traps:
            self._add_trap(trap)
        self._add_link_init(constructors)
        self._add_link_table()
        self._add_table_entries()
        self._fit_memory()

    # --- numbers ---

    def _number_functions(self) -> None:
        """Decide on indices: all imports, the base's own functions, the side modules', traps."""
        self.shift = len(self.resolution.host_imports)
        index = len(self.base.signatures) + self.shift
        self.first_functions = []
        for side in self.sides:
            self.first_functions.append(index)
            index += len(side.module.functions)
        self.first_trap = index

    def _index(self, function: Function) -> int:
        """A function's index in the result."""
        owner, index = function.owner, function.index
        imports = self.base.function_import_count
        if owner == HOST:
            return imports + index
        if owner == TRAP:
            return self.first_trap + index
        if owner == BASE:
            return index + self.shift if index >= imports else index
        defined = index - len(self.sides[owner].function_imports)
        if defined < 0:
            return self._index(self.resolution.bindings[owner].functions[index])
        return self.first_functions[owner] + defined

    def _indices(self, owner: int, count: int) -> list[int]:
        """The index in the result of each function of a module."""
        return [self._index(Function(owner, index)) for index in range(count)]

    def _type(self, type: bytes) -> int:
        """The index of a type, which is added if it is new."""
        if type not in self.types:
            self.types[type] = len(self.out.types)
            self.out.types.append(type)
        return self.types[type]

    def _renumber_base(self) -> None:
        """Make room for the new imports, which come before all other functions."""
        out = self.out
        functions = self._indices(BASE, len(self.base.signatures))
        self.slots = {functions[old]: slot for old, slot in self.base.slots.items()}
        if not self.shift:
            return
        same = range(len(out.types)), range(self.base.global_import_count + len(out.globals))
        indices = IndexMap(functions, *same)
        out.code = [rewrite(body, indices) for body in out.code]
        out.start = None if out.start is None else functions[out.start]
        out.elements = [
            Elements(segment.offset, [functions[old] for old in segment.functions])
            for segment in out.elements
        ]
        out.exports = [
            Export(item.name, item.kind, functions[item.index])
            if item.kind == Kind.FUNCTION
            else item
            for item in out.exports
        ]

    # --- the table ---

    def _lay_out_table(self) -> None:
        """Note which functions have a place in the table by the modules' own element segments."""
        self.new_entries: list[int] = []
        self.first_new_entry = self.table_end
        for position, side in enumerate(self.sides):
            with _blaming(side.name):
                for first, functions in side.elements():
                    indices = [self._index(Function(position, old)) for old in functions]
                    self.out.elements.append(Elements(i32_const_expression(first), indices))
                    for slot, index in enumerate(indices, first):
                        self.slots.setdefault(index, slot)

    def _slot(self, function: Function) -> int:
        """A function's one place in the table, so that pointers to it are equal everywhere."""
        index = self._index(function)
        if index not in self.slots:
            self.slots[index] = self.table_end
            self.new_entries.append(index)
            self.table_end += 1
        return self.slots[index]

    def _add_table_entries(self) -> None:
        if self.new_entries:
            offset = i32_const_expression(self.first_new_entry)
            self.out.elements.append(Elements(offset, self.new_entries))
        table = self.out.tables[0]
        self.out.tables[0] = Table(table.element_type, table.limits.at_least(self.table_end))

    # --- what is added ---

    def _add_side(self, position: int, side: Side) -> None:
        out = self.out
        bindings = self.resolution.bindings[position]
        imported = [
            Constant(self._slot(target)) if isinstance(target, Function) else target
            for target in bindings.globals
        ]
        relocated = relocate(side, imported, self._add_global)
        types = [self._type(type) for type in side.module.types]
        functions = self._indices(position, len(side.signatures))
        indices = IndexMap(functions, types, relocated.globals)
        first = len(side.function_imports)
        bodies = zip(side.module.functions, side.module.code, strict=True)
        for index, (type, body) in enumerate(bodies, first):
            finished = index in relocated.finished
            self._add_function(types[type], EMPTY_BODY if finished else rewrite(body, indices))
        out.data += segments(side.memory_base, relocated.image)
        symbols = {
            name: Symbol(SymbolKind.FUNCTION, self._slot(Function(position, index)))
            for name, index in side.functions.items()
        }
        symbols.update((n, Symbol(SymbolKind.DATUM, a)) for n, a in side.data.items())
        place = (
            side.name,
            side.memory_base,
            side.dylink.memory_size,
            side.table_base,
            side.dylink.table_size,
        )
        self.entries.append(Entry(*place, symbols))
        self.modules.append(
            LinkedModule(
                *place,
                functions=len(side.module.functions),
                code_size=sum(map(len, side.module.code)),
                symbols=len(symbols),
                providers=bindings.providers,
            )
        )
        if side.export:
            for name, index in side.functions.items():
                self._export(name, Kind.FUNCTION, functions[index])
            for name, address in side.data.items():
                self._export(name, Kind.GLOBAL, self._add_constant(address))

    def _add_trap(self, trap: Trap) -> None:
        """A function that ends the guest and says what is missing."""
        reporter = self.resolution.trap_reporter
        if reporter is None:
            raise AssertionError("a trap without its reporter")
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
        """Its address."""
        address = self.memory_end
        content = text.encode() + b"\0"
        self.out.data.append(Data(i32_const_expression(address), content))
        self.memory_end += len(content)
        return address

    def _add_link_init(self, constructors: Sequence[int]) -> None:
        """The function that runs all constructors: an earlier link's first."""
        exports = self.out.exported(Kind.FUNCTION)
        earlier = [exports[LINK_INIT]] if LINK_INIT in exports else []
        if earlier and not constructors:
            return
        calls = b"".join(map(call, [*earlier, *constructors]))
        index = self._add_function(self._type(NO_ARGUMENTS_TYPE), NO_LOCALS + calls + END)
        self.out.exports = [item for item in self.out.exports if item.name != LINK_INIT]
        self._export(LINK_INIT, Kind.FUNCTION, index)

    def _add_link_table(self) -> None:
        """The last two data segments: the initial break, and the table, behind all other data."""
        address = _align(self.memory_end, link_table.ALIGNMENT)
        table = link_table.encode(self.entries, address)
        heap_base = _align(address + len(table), STACK_ALIGNMENT)
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

    def _fit_memory(self) -> None:
        """Raise the memory's minimum to what all data need."""
        pages = -(-self.memory_end // PAGE_SIZE)
        out = self.out
        out.memories = [limits.at_least(pages) for limits in out.memories]
        out.imports = [
            replace(item, description=item.description.at_least(pages))
            if isinstance(item.description, Limits)
            else item
            for item in out.imports
        ]

    # --- one thing each ---

    def _add_function(self, type: int, body: bytes) -> int:
        self.out.functions.append(type)
        self.out.code.append(body)
        return self.base.function_import_count + self.shift + len(self.out.functions) - 1

    def _add_global(self, item: Global) -> int:
        self.out.globals.append(item)
        return self.base.global_import_count + len(self.out.globals) - 1

    def _add_constant(self, value: int) -> int:
        return self._add_global(Global(GlobalType(I32, mutable=False), i32_const_expression(value)))

    def _export(self, name: str, kind: Kind, index: int) -> None:
        if any(item.name == name for item in self.out.exports):
            raise LinkError(f"{name} is exported already")
        self.out.exports.append(Export(name, kind, index))

    # --- the result ---

    def result(self) -> Linked:
        out = self.out
        if out.data_count is not None:
            out.data_count = len(out.data)
        out.customs = []  # names and debugging data speak of the old indices
        new = {(item.module, item.name) for item in self.resolution.host_imports}
        host_functions = [
            HostFunction(
                item.module, item.name, describe_type(type), (item.module, item.name) in new
            )
            for item, type in zip(out.imported(Kind.FUNCTION), out.signatures(), strict=False)
        ]
        return Linked(
            encode(out),
            self.modules,
            host_functions,
            self.resolution.traps,
            heap_base=self.memory_end,
            table_size=self.table_end,
        )


def _align(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment
