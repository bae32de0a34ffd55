"""A static linker for Emscripten modules: `link(base, side_modules) -> Linked`."""

from __future__ import annotations

from .errors import LinkError, MalformedModuleError, UnresolvedSymbolsError
from .linked import HostFunction, Linked, LinkedModule
from .linker import link
from .policy import INVOKE, Policy, Wrap
from .resolver import Trap
from .side import SideModule
from .wrapping import Wrapping

__all__ = [
    "INVOKE",
    "HostFunction",
    "LinkError",
    "Linked",
    "LinkedModule",
    "MalformedModuleError",
    "Policy",
    "SideModule",
    "Trap",
    "UnresolvedSymbolsError",
    "Wrap",
    "Wrapping",
    "link",
]
