"""Gather what is installed beside the extension module, but for the cluster.

python -m tools.resources VENDOR LINK RESOURCES
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tools.link import LEFT_OUT
from tools.pack import write_pack
from tools.system import system_entries
from tools.upstream import read_tree


def gather(vendor: Path, link: Path, resources: Path) -> None:
    resources.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(link / "pglite.wasm", resources / "pglite.wasm")
    shutil.copyfile(vendor / "pglite" / "dist" / "initdb.wasm", resources / "initdb.wasm")
    tree = read_tree(vendor)
    write_pack(system_entries(tree, LEFT_OUT), resources / "system.pack")
    for part in ("wasm3", "pglite"):
        shutil.copyfile(vendor / part / "LICENSE", resources / f"LICENSE.{part}")
    (resources / "LICENSE.icu").write_bytes(tree["pglite/icu/LICENSE"])


if __name__ == "__main__":
    gather(*map(Path, sys.argv[1:]))
