"""Gather what is installed beside the extension module, but for the cluster.

python -m tools.package_data VENDOR GUEST LINK RESOURCES
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from tools import ROOT, compress
from tools.guest import LIBRARIES
from tools.pack import Compression, pack, write_pack
from tools.system import system_entries
from tools.upstream import read_tree

# Of what users make of the guest. Another one, and what was made before is not used any more.
LAYOUT = b"3: names of what was added"
CHUNK_BLOCKS = 32  # of system.pack, whose files are read whole
# What extensions that users add are compiled with: pglite_native/aot.
HEADERS = tuple(ROOT / "csrc" / "guest" / "aot" / name for name in ("abi.h", "code.h"))


def gather(vendor: Path, guest: Path, link: Path, resources: Path) -> None:
    """Make the files, and put each into place whole: engines may be running from the old ones."""
    resources.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=resources.parent) as scratch:
        new = Path(scratch)
        tree = read_tree(vendor)
        modules = {
            "pglite.wasm": (link / "pglite.wasm").read_bytes(),
            "initdb.wasm": (vendor / "pglite" / "dist" / "initdb.wasm").read_bytes(),
            "pg_dump.wasm": (link / "pg_dump.wasm").read_bytes(),
        }
        for name, binary in modules.items():
            is_guest = name == "pglite.wasm"  # the one that is needed in parts
            (new / name).write_bytes(
                compress.module(binary) if is_guest else compress.frame(binary)
            )
        for name in LIBRARIES:
            shutil.copyfile(guest / f"{name}.wasm", new / f"{name}.wasm")
        entries = system_entries(tree)
        write_pack(entries, new / "system.pack", Compression(CHUNK_BLOCKS, compress.frame))
        for part in ("wasm3", "xxhash", "zstd", "pglite"):
            shutil.copyfile(vendor / part / "LICENSE", new / f"LICENSE.{part}")
        for header in HEADERS:
            shutil.copyfile(header, new / header.name)
        (new / "LICENSE.icu").write_bytes(tree["pglite/icu/LICENSE"])
        (new / "identity").write_text(
            identity(modules["pglite.wasm"], modules["initdb.wasm"], pack(entries))
        )
        for path in new.iterdir():
            path.replace(resources / path.name)


def identity(*contents: bytes) -> str:
    """Tell this guest from every other: what users link onto it fits no other.

    Of the contents, whatever they are compressed by.
    """
    digest = hashlib.sha256(LAYOUT)
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    gather(*map(Path, sys.argv[1:]))
