"""Gather what is installed beside the extension module, but for the cluster.

python -m tools.package_data VENDOR GUEST LINK RESOURCES
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from tools import ROOT
from tools.guest import LIBRARIES
from tools.pack import write_pack
from tools.system import system_entries
from tools.upstream import read_tree

# Of what users make of the guest. Another one, and what was made before is not used any more.
LAYOUT = b"3: names of what was added"
GUEST = ("pglite.wasm", "initdb.wasm", "system.pack")
# What extensions that users add are compiled with: pglite_native/aot.
HEADERS = tuple(ROOT / "csrc" / "guest" / "aot" / name for name in ("abi.h", "code.h"))


def gather(vendor: Path, guest: Path, link: Path, resources: Path) -> None:
    """Make the files, and put each into place whole: engines may be running from the old ones."""
    resources.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=resources.parent) as scratch:
        new = Path(scratch)
        for name in ("pglite.wasm", "pg_dump.wasm"):
            shutil.copyfile(link / name, new / name)
        for name in LIBRARIES:
            shutil.copyfile(guest / f"{name}.wasm", new / f"{name}.wasm")
        shutil.copyfile(vendor / "pglite" / "dist" / "initdb.wasm", new / "initdb.wasm")
        tree = read_tree(vendor)
        write_pack(system_entries(tree), new / "system.pack")
        for part in ("wasm3", "xxhash", "pglite"):
            shutil.copyfile(vendor / part / "LICENSE", new / f"LICENSE.{part}")
        for header in HEADERS:
            shutil.copyfile(header, new / header.name)
        (new / "LICENSE.icu").write_bytes(tree["pglite/icu/LICENSE"])
        (new / "identity").write_text(identity(new))
        for path in new.iterdir():
            path.replace(resources / path.name)


def identity(resources: Path) -> str:
    """Tell this guest from every other: what users link onto it fits no other."""
    digest = hashlib.sha256(LAYOUT)
    for name in GUEST:
        digest.update(hashlib.sha256((resources / name).read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    gather(*map(Path, sys.argv[1:]))
