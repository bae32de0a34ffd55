"""Who defines what: the target of every symbol that the side modules import."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .base import Base
from .errors import LinkError, UnresolvedSymbolsError
from .instructions import Constant
from .link_table import SymbolKind
from .module import Import, Kind, describe_type
from .side import Side

ENV = "env"
GOT_FUNCTIONS = "GOT.func"
GOT_DATA = "GOT.mem"

# What a trap calls, (assertion, file, line, function) -> (): Emscripten's host prints all three
# names.
ASSERT_FAIL = "__assert_fail"
ASSERT_FAIL_TYPE = b"\x60\x04\x7f\x7f\x7f\x7f\0"

NO_ARGUMENTS_TYPE = b"\x60\0\0"

# Emscripten's JavaScript has these under other names than its main modules.
EMSCRIPTEN_ALIASES = {
    "setTempRet0": "_emscripten_tempret_set",
    "getTempRet0": "_emscripten_tempret_get",
}

# Hosts answer an invoke_* of any shape, so a new one may become an import of the result.
INVOKE = r"env\.invoke_[vijfd]+"


@dataclass(frozen=True)
class Policy:
    """What the modules alone do not say.

    `host_imports` matches "module.name" of functions the host provides even if the base does not
    import them. `allowed` names the symbols of a module that may stay undefined, each with its
    reason: the function then traps, naming itself. `aliases` are names of functions of the base.
    """

    host_imports: str = INVOKE
    allowed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=lambda: EMSCRIPTEN_ALIASES)


# Whose index space a function's index is in: a side module's if not negative, its position among
# them.
BASE = -1
HOST = -2  # imports that the base does not have
TRAP = -3


@dataclass(frozen=True)
class Function:
    owner: int
    index: int


class HostImport(NamedTuple):
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

    A global is one of the base's, a constant, or a function whose table index it holds. `providers`
    says for the report which module gave which symbols.
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


class _Resolver:
    def __init__(self, base: Base, sides: Sequence[Side], policy: Policy) -> None:
        self.base = base
        self.sides = sides
        self.policy = policy
        self.base_imports = {
            (item.module, item.name): index
            for index, item in enumerate(base.module.imported(Kind.FUNCTION))
        }
        self.host_imports: dict[tuple[str, str], HostImport] = {}
        self.traps: dict[tuple[str, str], Trap] = {}
        self.trap_reporter: Function | None = None
        self.unresolved: list[tuple[str, str]] = []
        # Of every side module, linked earlier or now: the first definition wins, as for dlopen's
        # RTLD_GLOBAL.
        self.functions: dict[str, tuple[str, Function]] = {}
        self.data: dict[str, tuple[str, int]] = {}
        self._collect()

    def _collect(self) -> None:
        at_slot = {slot: function for function, slot in self.base.slots.items()}
        for entry in self.base.entries:
            for name, symbol in entry.symbols.items():
                if symbol.kind == SymbolKind.DATUM:
                    self.data.setdefault(name, (entry.name, symbol.value))
                elif symbol.value in at_slot:
                    function = Function(BASE, at_slot[symbol.value])
                    self.functions.setdefault(name, (entry.name, function))
        for position, side in enumerate(self.sides):
            for name, index in side.functions.items():
                self.functions.setdefault(name, (side.name, Function(position, index)))
            for name, address in side.data.items():
                self.data.setdefault(name, (side.name, address))

    def bind(self, position: int) -> Bindings:
        side = self.sides[position]
        bindings = Bindings([], [], {})
        for item, type in zip(side.function_imports, side.signatures, strict=False):
            provider, function = self._function(position, item.module, item.name, type)
            bindings.functions.append(function)
            bindings.providers.setdefault(provider, []).append(item.name)
        for item in side.global_imports:
            provider, target = self._global(position, item)
            bindings.globals.append(target)
            bindings.providers.setdefault(provider, []).append(item.name)
        return bindings

    def _function(
        self, position: int, module: str, name: str, type: bytes | None
    ) -> tuple[str, Function]:
        """The definition of a function, and the name of the module it is in.

        `type` is unknown where only its address is wanted.
        """
        for provider, function in self._definitions(position, module, name):
            self._check_type(position, name, type, function)
            return provider, function
        if type and re.fullmatch(self.policy.host_imports, f"{module}.{name}"):
            return "host", self._host_import(HostImport(module, name, type))
        return "undefined", self._undefined(position, name, type or NO_ARGUMENTS_TYPE)

    def _definitions(self, position: int, module: str, name: str) -> Iterator[tuple[str, Function]]:
        """Where a function may come from, best first."""
        side = self.sides[position]
        if module == ENV:
            if name in side.functions:
                yield side.name, Function(position, side.functions[name])
            for alias in (name, self.policy.aliases.get(name)):
                if alias in self.base.functions:
                    yield "base", Function(BASE, self.base.functions[alias])
        if (module, name) in self.base_imports:
            yield "host", Function(BASE, self.base_imports[module, name])
        if module == ENV and name in self.functions:
            yield self.functions[name]

    def _check_type(self, position: int, name: str, type: bytes | None, function: Function) -> None:
        signatures = (
            self.base.signatures
            if function.owner == BASE
            else self.sides[function.owner].signatures
        )
        found = signatures[function.index]
        if type is not None and type != found:
            raise LinkError(
                f"{self.sides[position].name}: {name} is imported as {describe_type(type)}, "
                f"but defined as {describe_type(found)}"
            )

    def _host_import(self, item: HostImport) -> Function:
        key = item.module, item.name
        known = self.host_imports.setdefault(key, item)
        if known.type != item.type:
            raise LinkError(
                f"{item.module}.{item.name} is imported as {describe_type(known.type)} "
                f"and as {describe_type(item.type)}"
            )
        return Function(HOST, list(self.host_imports).index(key))

    def _undefined(self, position: int, name: str, type: bytes) -> Function:
        """A trap, if the symbol may stay undefined."""
        side = self.sides[position]
        reason = self.policy.allowed.get(side.name, {}).get(name)
        if reason is None and name in side.dylink.weak_imports:
            reason = "weak"
        if reason is None:
            self.unresolved.append((side.name, name))
            return Function(TRAP, 0)
        self.trap_reporter = self._find_trap_reporter()
        key = side.name, name
        self.traps.setdefault(key, Trap(side.name, name, type, reason))
        return Function(TRAP, list(self.traps).index(key))

    def _find_trap_reporter(self) -> Function:
        """The host function that a trap calls."""
        known = self.base_imports.get((ENV, ASSERT_FAIL))
        if known is not None:
            return Function(BASE, known)
        return self._host_import(HostImport(ENV, ASSERT_FAIL, ASSERT_FAIL_TYPE))

    def _global(self, position: int, item: Import) -> tuple[str, int | Constant | Function]:
        side = self.sides[position]
        name = item.name
        if item.module == ENV:
            own = {"__memory_base": side.memory_base, "__table_base": side.table_base}
            if name in own:
                return side.name, Constant(own[name])
            if name == "__stack_pointer":
                return "base", self.base.stack_pointer
        if item.module == GOT_FUNCTIONS:
            return self._function_address(position, name)
        if item.module == GOT_DATA:
            if name in side.data:
                return side.name, Constant(side.data[name])
            if name in self.base.data:
                return "base", Constant(self.base.data[name])
            if name in self.data:
                provider, address = self.data[name]
                return provider, Constant(address)
            if name in side.dylink.weak_imports:
                return "undefined", Constant(0)
        self.unresolved.append((side.name, name))
        return "undefined", Constant(0)

    def _function_address(self, position: int, name: str) -> tuple[str, Constant | Function]:
        side = self.sides[position]
        is_defined = any(self._definitions(position, ENV, name))
        if not is_defined and name in side.dylink.weak_imports:
            return "undefined", Constant(0)
        return self._function(position, ENV, name, None)


def resolve(base: Base, sides: Sequence[Side], policy: Policy) -> Resolution:
    """Find every symbol's definition; the modules must have been placed."""
    resolver = _Resolver(base, sides, policy)
    bindings = [resolver.bind(position) for position in range(len(sides))]
    if resolver.unresolved:
        raise UnresolvedSymbolsError(list(dict.fromkeys(resolver.unresolved)))
    for side in sides:
        needless = policy.allowed.get(side.name, {}).keys() - {
            symbol for module, symbol in resolver.traps if module == side.name
        }
        if needless:
            raise LinkError(f"{side.name}: allowed to be undefined, but is not: {sorted(needless)}")
    return Resolution(
        bindings,
        list(resolver.host_imports.values()),
        list(resolver.traps.values()),
        resolver.trap_reporter,
    )
