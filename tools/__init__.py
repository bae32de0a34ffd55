"""Build time only: nothing here is imported by the package."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# An sdist carries everything the build makes but the extension module: it only needs compiling.
IS_SDIST = (ROOT / "PKG-INFO").is_file()
