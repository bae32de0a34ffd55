"""What is in a version of PGlite: its module's interface, and its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pglite_native.linker.decoder import decode
from pglite_native.linker.module import Kind, describe_type
from tools.upstream import read_tree

ZONES = "share/postgresql/timezone/"  # hundreds of files: one line


def contents(vendor: Path) -> list[str]:
    """Return a line for each import, export, and file, sorted.

    Addresses and sizes are left out, as all of them change with each build of upstream's.
    """
    lines = []
    for name in ("pglite", "initdb"):
        module = decode((vendor / "pglite" / "dist" / f"{name}.wasm").read_bytes())
        signatures = [describe_type(type) for type in module.signatures()]
        imported = zip(module.imported(Kind.FUNCTION), signatures, strict=False)
        lines += [
            f"{name}.wasm: import {item.module}.{item.name} {type}" for item, type in imported
        ]
        exported = module.exported(Kind.FUNCTION).items()
        lines += [f"{name}.wasm: export {own} {signatures[index]}" for own, index in exported]
        lines += [f"{name}.wasm: export {variable}" for variable in module.exported(Kind.GLOBAL)]
    zones = hashlib.sha256()
    for path, content in sorted(read_tree(vendor).items()):
        if ZONES in path:
            zones.update(content)
            continue
        # Binaries differ with each build, so whether they do says nothing.
        digest = "" if path.endswith((".so", "/postgres")) else hashlib.sha256(content).hexdigest()
        lines.append(f"{path} {digest[:12]}".rstrip())
    lines.append(f"{ZONES} {zones.hexdigest()[:12]}")
    return sorted(lines)
