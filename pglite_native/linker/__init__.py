"""A static linker for Emscripten modules: `link(base, side_modules) -> Linked`."""

from __future__ import annotations

from .empty import empty_base
from .errors import LinkError, MalformedModuleError, UnresolvedSymbolsError
from .linked import HostFunction, Linked, LinkedModule
from .linker import link
from .part import Part, Place, cut
from .policy import INVOKE, Contains, Mentions, Policy, Replace, Within, Wrap
from .resolver import Trap
from .side import SideModule
from .wrapping import Wrapping

__all__ = [
    "INVOKE",
    "Contains",
    "HostFunction",
    "LinkError",
    "Linked",
    "LinkedModule",
    "MalformedModuleError",
    "Mentions",
    "Part",
    "Place",
    "Policy",
    "Replace",
    "SideModule",
    "Trap",
    "UnresolvedSymbolsError",
    "Within",
    "Wrap",
    "Wrapping",
    "cut",
    "empty_base",
    "link",
]
