"""Build time only: nothing here is imported by the package."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# An sdist carries everything the build makes but the extension module: it only needs compiling.
IS_SDIST = (ROOT / "PKG-INFO").is_file()


def wants_aot() -> bool:
    """Whether this build is to compile the guest ahead of time, too."""
    return os.environ.get("PGLITE_NATIVE_BUILD_AOT", "0") not in ("", "0")
