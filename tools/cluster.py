"""Build cluster.pack: a fresh PGDATA, by running initdb in the engine that was just built.

python -m tools.cluster EXTENSION OUTPUT
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
from pathlib import Path

from tools import compress
from tools.ffi import MODULE
from tools.pack import Compression, Entry, read_directory, write_pack

INITDB_ARGUMENTS = [
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=libc",
    "--auth=trust",
    "--wal-segsize=1",  # MiB; the default of 16 would be most of the cluster
    "--no-sync",
]

OTHERS = ("_arrow", "_closing", "_messages", "_rows")  # lie beside it

CHUNK_BLOCKS = 8  # read here and there: a few at a time

SEED = 1  # so that the same comes of the same

LOCK_FILE = ".pglite-native.lock"  # csrc/platform/directory_lock.h
WAL_SEGMENT = re.compile("pg_wal/[0-9A-F]{24}")


def load_extensions(engine: Path) -> None:
    """Import the extension modules from where they were built, which need not be in the package.

    Engines of this process then have the packaged guest, whatever extensions its user has added.
    """
    os.environ["PGLITE_NATIVE_HOME"] = os.devnull
    load_extension(engine)
    for name in OTHERS:
        path = engine.with_name(engine.name.replace("_engine", name))
        load_extension(path, f"pglite_native.{name}")


def load_extension(path: Path, name: str = MODULE) -> None:
    """Import one, from its file."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not an extension module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def cluster_entries(data_dir: Path) -> list[Entry]:
    """Describe a cleanly closed PGDATA without the engine's lock and without recycled WAL.

    A clean shutdown leaves its checkpoint in the oldest segment; those after it are old ones,
    renamed for later use, and nothing reads what is in them.
    """
    entries = read_directory(data_dir)
    _, *recycled = sorted(entry.path for entry in entries if WAL_SEGMENT.fullmatch(entry.path))
    dropped = {LOCK_FILE, *recycled}
    return [entry for entry in entries if entry.path not in dropped]


def main(extension: Path, output: Path) -> None:
    """Make the pack, and put it into place whole: engines may be running from the old one."""
    load_extensions(extension)
    from pglite_native import Engine
    from pglite_native.engine import guest, image

    # An earlier build's cluster need not be one to this engine.
    files = guest.files()._replace(cluster=Path(os.devnull, "none"))
    guest.files = lambda: files
    new = output.with_suffix(".new")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        with Engine(data_dir, initdb_args=INITDB_ARGUMENTS, clock=image.made_at(), seed=SEED):
            pass  # booting and closing it leaves the cluster as a clean shutdown does
        write_pack(cluster_entries(data_dir), new, Compression(CHUNK_BLOCKS, compress.frame))
    new.replace(output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
