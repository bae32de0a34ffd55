"""A static linker for Emscripten modules: `link(base, side_modules) -> Linked`."""

from __future__ import annotations

from .errors import LinkError, MalformedModuleError, UnresolvedSymbolsError
from .linked import HostFunction, Linked, LinkedModule
from .linker import link
from .policy import INVOKE, Policy
from .resolver import Trap
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
