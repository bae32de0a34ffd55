"""Compile what extensions have added to the guest, so that it runs as fast as the rest.

The packaged guest's own code stays what it is: only the added functions are compiled, into a shared
object beside the added guest (docs/AOT.md). Where nothing compiles, wasm3 interprets them.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pglite_native.aot.compile import Progress, build
from pglite_native.aot.compiler import Compiler, NoCompiler
from pglite_native.errors import ExtensionError
from pglite_native.linker.part import Part

BYTES_A_FILE = 200_000  # of WebAssembly: some seconds of a compiler, on a processor of its own


def compile_part(part: Part, progress: Progress | None) -> bytes:
    """Return the shared object of the added functions. The same again comes from a cache.

    Raises:
        ExtensionError: it could not be made, and why.
    """
    files = min(-(-len(part.binary) // BYTES_A_FILE), 2 * (os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as folder:
        wasm, output = Path(folder) / "added.wasm", Path(folder) / "added.so"
        wasm.write_bytes(part.binary)
        try:
            build(wasm, output, Compiler.found(), files, part=part, progress=progress)
        except NoCompiler as error:
            raise ExtensionError(f"to compile takes {error}") from None
        except (RuntimeError, ValueError, OSError) as error:
            raise ExtensionError(f"it cannot be compiled: {error}") from error
        return output.read_bytes()
