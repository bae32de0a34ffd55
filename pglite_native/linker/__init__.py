"""A static linker for Emscripten modules: `link(base, side_modules) -> Linked`."""

from __future__ import annotations

from .errors import LinkError, MalformedModuleError, UnresolvedSymbolsError
from .linker import HostFunction, Linked, LinkedModule, link
from .resolver import INVOKE, Policy, Trap
from .side import SideModule

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
    "link",
]
