"""Gather what is installed beside the extension module, but for the cluster.

python -m tools.resources VENDOR LINK RESOURCES
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from tools.link import LEFT_OUT
from tools.pack import write_pack
from tools.system import system_entries
from tools.upstream import read_tree

GUEST = ("pglite.wasm", "initdb.wasm", "system.pack")


def gather(vendor: Path, link: Path, resources: Path) -> None:
    resources.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(link / "pglite.wasm", resources / "pglite.wasm")
    shutil.copyfile(vendor / "pglite" / "dist" / "initdb.wasm", resources / "initdb.wasm")
    tree = read_tree(vendor)
    write_pack(system_entries(tree, LEFT_OUT), resources / "system.pack")
    for part in ("wasm3", "pglite"):
        shutil.copyfile(vendor / part / "LICENSE", resources / f"LICENSE.{part}")
    (resources / "LICENSE.icu").write_bytes(tree["pglite/icu/LICENSE"])
    (resources / "identity").write_text(identity(resources))


def identity(resources: Path) -> str:
    """Tell this guest from every other: what users link onto it fits no other."""
    digest = hashlib.sha256()
    for name in GUEST:
        digest.update(hashlib.sha256((resources / name).read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    gather(*map(Path, sys.argv[1:]))
