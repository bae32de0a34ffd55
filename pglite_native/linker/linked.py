"""What linking gives: the module, and the facts a report is made of."""

from __future__ import annotations

from dataclasses import dataclass

from .resolver import Trap
from .wrapping import Wrapping


@dataclass(frozen=True)
class LinkedModule:
    """One side module. `providers` are the modules that its symbols come from."""

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
    """An import of the result; `is_new` if the base has it not."""

    module: str
    name: str
    type: str
    is_new: bool


@dataclass(frozen=True)
class Linked:
    """`modules`, `traps` and `wrappings` are those of this link, not of earlier ones."""

    binary: bytes
    modules: list[LinkedModule]
    host_functions: list[HostFunction]
    traps: list[Trap]
    wrappings: list[Wrapping]
    heap_base: int
    table_size: int
