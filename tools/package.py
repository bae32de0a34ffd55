"""What the build uses of the package it builds: the parts that run without the extension module.

They are imported from their files: importing the package would import the extension module, which
is not built yet.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from tools import ROOT


def load(name: str) -> ModuleType:
    """Import `pglite_native.<name>`, a module or a package, by itself."""
    path = ROOT / "pglite_native" / name
    return _load(f"_building_{name}", path / "__init__.py" if path.is_dir() else Path(f"{path}.py"))


def _load(name: str, path: Path) -> ModuleType:
    if name in sys.modules:  # a second one would find its submodules loaded, and not have them
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
