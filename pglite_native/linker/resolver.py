"""Who defines what: the target of every symbol that the side modules import.

A module's own definition comes first, then the base's, then the host's, then those of the other
side modules in the order they were linked, as if all had been loaded with RTLD_GLOBAL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .base import HEAP_BASE, Base
from .errors import LinkError, UnresolvedSymbolsError
from .instructions import Constant
from .link_table import SymbolKind
from .module import Import, Kind, describe_type
from .policy import Policy
from .private import name_private
from .side import Side
from .wrapping import Wrapping, wrap

ENV = "env"

# What a trap calls: (assertion, file, line, function). Hosts print all of them.
ASSERT_FAIL = "__assert_fail"
ASSERT_FAIL_TYPE = b"\x60\x04\x7f\x7f\x7f\x7f\0"

NO_ARGUMENTS_TYPE = b"\x60\0\0"

# Whose index a function's is: the base's, or among the new imports, or among the traps; of a side
# module, its position. Final indices depend on how many imports are new, so they come later.
BASE = -1
HOST = -2
TRAP = -3


@dataclass(frozen=True)
class Function:
    owner: int
    index: int


@dataclass(frozen=True)
class HostImport:
    """A function import of the result that the base does not have."""

    module: str
    name: str
    type: bytes


@dataclass(frozen=True)
class Trap:
    """A function that stays undefined."""

    module: str
    symbol: str
    type: bytes
    reason: str


@dataclass(frozen=True)
class Bindings:
    """The targets of one side module's imports, in their order.

    A global is one of the base's, or a constant, or the table index of a function. `providers`
    tells a report which module gave which symbols.
    """

    functions: list[Function]
    globals: list[int | Constant | Function]
    providers: dict[str, list[str]]


@dataclass(frozen=True)
class Resolution:
    bindings: list[Bindings]
    host_imports: list[HostImport]
    traps: list[Trap]
    trap_reporter: Function | None
    wrappings: list[Wrapping]


def resolve(base: Base, sides: Sequence[Side], policy: Policy, heap_base: int) -> Resolution:
    """Find every symbol's definition; the modules must have been placed."""
    name_private(base, policy.private)  # these two first: they define symbols
    wrappings = wrap(base, sides, policy)
    resolver = _Resolver(base, sides, policy, heap_base)
    bindings = [resolver.bind(position) for position in range(len(sides))]
    if resolver.unresolved:
        raise UnresolvedSymbolsError(list(dict.fromkeys(resolver.unresolved)))
    for side in sides:
        needless = policy.allowed.get(side.name, {}).keys() - {
            trap.symbol for trap in resolver.traps if trap.module == side.name
        }
        if needless:
            raise LinkError(f"{side.name}: allowed to be undefined, but is not: {sorted(needless)}")
    return Resolution(
        bindings, resolver.host_imports, resolver.traps, resolver.trap_reporter, wrappings
    )


class _Resolver:
    def __init__(self, base: Base, sides: Sequence[Side], policy: Policy, heap_base: int) -> None:
        self.base = base
        self.sides = sides
        self.policy = policy
        self.heap_base = heap_base
        self.base_imports = {
            (item.module, item.name): index
            for index, item in enumerate(base.module.imported(Kind.FUNCTION))
        }
        self.host_imports: list[HostImport] = []
        self.traps: list[Trap] = []
        self.trap_reporter: Function | None = None
        self.unresolved: list[tuple[str, str]] = []
        # What all side modules define, linked earlier or now: provider and definition.
        self.functions: dict[str, tuple[str, Function]] = {}
        self.data: dict[str, tuple[str, int]] = {}
        self._collect_earlier()
        self._collect()

    def _collect_earlier(self) -> None:
        function_at = {slot: function for function, slot in self.base.slots.items()}
        for entry in self.base.entries:
            for name, symbol in entry.symbols.items():
                if symbol.kind == SymbolKind.DATUM:
                    self.data.setdefault(name, (entry.name, symbol.value))
                elif symbol.value in function_at:
                    function = Function(BASE, function_at[symbol.value])
                    self.functions.setdefault(name, (entry.name, function))
                else:
                    raise LinkError(f"link table: {entry.name}: {name} has no function")

    def _collect(self) -> None:
        for position, side in enumerate(self.sides):
            for name, index in side.functions.items():
                self.functions.setdefault(name, (side.name, Function(position, index)))
            for name, address in side.data.items():
                self.data.setdefault(name, (side.name, address))

    def bind(self, position: int) -> Bindings:
        side = self.sides[position]
        bindings = Bindings([], [], {})
        # Functions first: they know the types that function addresses lack.
        for item, type in zip(side.function_imports, side.signatures, strict=False):
            provider, function = self._function(position, item.module, item.name, type)
            bindings.functions.append(function)
            bindings.providers.setdefault(provider, []).append(item.name)
        for item in side.global_imports:
            provider, target = self._global(position, item)
            bindings.globals.append(target)
            bindings.providers.setdefault(provider, []).append(item.name)
        return bindings

    def _function(self, position: int, module: str, name: str, type: bytes) -> tuple[str, Function]:
        """An imported function, and the name of who provides it."""
        defined = self._definition(position, module, name)
        if defined is not None:
            found = self._type(defined[1])
            if found != type:
                raise LinkError(
                    f"{self.sides[position].name}: {name} is imported as {describe_type(type)}, "
                    f"but {defined[0]} has it as {describe_type(found)}"
                )
            return defined
        if re.fullmatch(self.policy.host_imports, f"{module}.{name}"):
            return "host", self._host_import(HostImport(module, name, type))
        return "undefined", self._undefined(position, name, type)

    def _definition(self, position: int, module: str, name: str) -> tuple[str, Function] | None:
        side = self.sides[position]
        name = self.policy.renames.get(side.name, {}).get(name, name)
        if module == ENV and name in side.functions:
            return side.name, Function(position, side.functions[name])
        if module == ENV:
            for known_as in (name, self.policy.aliases.get(name, name)):
                if known_as in self.base.functions:
                    return "base", Function(BASE, self.base.functions[known_as])
        if (module, name) in self.base_imports:
            return "host", Function(BASE, self.base_imports[module, name])
        return self.functions.get(name) if module == ENV else None

    def _type(self, function: Function) -> bytes:
        owner = self.base if function.owner == BASE else self.sides[function.owner]
        return owner.signatures[function.index]

    def _host_import(self, item: HostImport) -> Function:
        if item not in self.host_imports:
            if any((item.module, item.name) == (i.module, i.name) for i in self.host_imports):
                raise LinkError(f"{item.module}.{item.name} is imported with two types")
            self.host_imports.append(item)
        return Function(HOST, self.host_imports.index(item))

    def _undefined(self, position: int, name: str, type: bytes) -> Function:
        """A trap, if the symbol may stay undefined."""
        side = self.sides[position]
        for index, trap in enumerate(self.traps):
            if (trap.module, trap.symbol) == (side.name, name):
                return Function(TRAP, index)
        reason = self.policy.allowed.get(side.name, {}).get(name)
        if reason is None and name in side.dylink.weak_imports:
            reason = "weak"
        if reason is None:
            self.unresolved.append((side.name, name))
            return Function(TRAP, 0)
        self.trap_reporter = self._find_trap_reporter()
        self.traps.append(Trap(side.name, name, type, reason))
        return Function(TRAP, len(self.traps) - 1)

    def _find_trap_reporter(self) -> Function:
        index = self.base_imports.get((ENV, ASSERT_FAIL))
        if index is not None and self.base.signatures[index] == ASSERT_FAIL_TYPE:
            return Function(BASE, index)
        return self._host_import(HostImport(ENV, ASSERT_FAIL, ASSERT_FAIL_TYPE))

    def _global(self, position: int, item: Import) -> tuple[str, int | Constant | Function]:
        """What an imported global is, and the name of who provides it."""
        side = self.sides[position]
        match item.module, item.name:
            case "env", "__memory_base":
                return side.name, Constant(side.memory_base)
            case "env", "__table_base":
                return side.name, Constant(side.table_base)
            case "env", "__stack_pointer":
                return "base", self.base.stack_pointer
            case "GOT.func", name:
                return self._function_address(position, name)
            case "GOT.mem", name if name == HEAP_BASE:
                return "linker", Constant(self.heap_base)
            case "GOT.mem", name:
                return self._address(position, name)
        self.unresolved.append((side.name, item.name))
        return "undefined", Constant(0)

    def _function_address(self, position: int, name: str) -> tuple[str, Constant | Function]:
        defined = self._definition(position, ENV, name)
        if defined is not None:
            return defined
        if name in self.sides[position].dylink.weak_imports:
            return "undefined", Constant(0)
        return "undefined", self._undefined(position, name, NO_ARGUMENTS_TYPE)

    def _address(self, position: int, name: str) -> tuple[str, Constant]:
        side = self.sides[position]
        if name in side.data:
            return side.name, Constant(side.data[name])
        if name in self.base.data:
            return "base", Constant(self.base.data[name])
        if name in self.data:
            provider, address = self.data[name]
            return provider, Constant(address)
        if name not in side.dylink.weak_imports:
            self.unresolved.append((side.name, name))
        return "undefined", Constant(0)
