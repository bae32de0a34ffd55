"""Tarballs of data directories and of extensions: loaded, or refused by the error that says so."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from pglite_native import DataDirError, Engine, EngineError, ExtensionError
from pglite_native.extensions.bundle import read_bundle
from tests.fuzz.mutation import main

GZIP = b"\x1f\x8b"


def check(data: bytes) -> None:
    load(data)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "extension.tar.gz"
        path.write_bytes(data if data.startswith(GZIP) else gzip.compress(data, 1))
        with suppress(ExtensionError):
            read_bundle(path)


def load(data: bytes) -> None:
    """What has the form of a data directory boots or does not: an EngineError says why."""
    with suppress(DataDirError, EngineError):
        Engine(load_data_dir=data, memory_limit=64 << 20).close()


if __name__ == "__main__":
    raise SystemExit(main(check))
