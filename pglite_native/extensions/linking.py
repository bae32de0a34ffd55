"""Link extensions onto the packaged guest, with what they need of the libraries that it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from pglite_native.engine import compressed, guest
from pglite_native.errors import ExtensionError
from pglite_native.extensions.bundle import Bundle
from pglite_native.linker import LinkError, Policy, SideModule, link

# C++ run-time library, functions of libc, libdeflate's interface: csrc/ has a folder for each.
LIBRARIES = ("cxx", "libc", "deflate")

# What PostgreSQL looks up in a module: what makes it one, and for each function that SQL can call
# the one that tells how it is called.
ROOTS = r"Pg_magic_func|_PG_\w+|pg_finfo_(\w+)"


def link_bundles(bundles: Sequence[Bundle]) -> bytes:
    """Return the guest's module with those of the bundles.

    Raises:
        ExtensionError: they cannot be linked, and why.
    """
    modules = [SideModule(*module) for bundle in bundles for module in bundle.modules.items()]
    libraries = [SideModule(name, _read(name)) for name in LIBRARIES]
    try:
        return link(_read("pglite"), modules, Policy(roots=ROOTS), libraries).binary
    except LinkError as error:
        raise ExtensionError(f"cannot be linked: {error}") from error


def _read(name: str) -> bytes:
    return compressed.read(guest.packaged() / f"{name}.wasm")
