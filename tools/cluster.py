"""Build cluster.pack: a fresh PGDATA, by running initdb in the engine that was just built.

python -m tools.cluster EXTENSION OUTPUT
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

from tools.ffi import MODULE
from tools.pack import read_directory, write_pack

INITDB_ARGUMENTS = [
    "--allow-group-access",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=libc",
    "--auth=trust",
    "--wal-segsize=1",  # MiB; the default of 16 would be most of the cluster
]


def load_extension(path: Path) -> None:
    """Import the extension from where it was built, which need not be inside the package."""
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not an extension module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)


def main(extension: Path, output: Path) -> None:
    output.unlink(missing_ok=True)  # the engine would start from it
    load_extension(extension)
    from pglite_native import Engine

    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        with Engine(data_dir, initdb_args=INITDB_ARGUMENTS):
            pass  # booting and closing it leaves the cluster as a clean shutdown does
        for path in data_dir.glob(".pglite-native.*"):
            path.unlink()  # the lock, of this engine and not of the cluster
        write_pack(read_directory(data_dir), output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
