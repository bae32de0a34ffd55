"""Each package of pglite_native imports only what stands below it: docs/ARCHITECTURE.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tools import ROOT

NAME = "pglite_native"
PACKAGE = ROOT / NAME
BASE = "base"  # the modules that lie at the top: errors, and the extension modules
BELOW: dict[str, set[str]] = {
    BASE: set(),
    "protocol": {BASE},
    "_pyinstaller": set(),
    "linker": set(),
    "aot": {"linker"},
    "engine": {BASE, "protocol"},
    "database": {BASE, "protocol", "engine"},
    "changes": {BASE, "protocol", "engine", "database"},
    "live": {BASE, "protocol", "engine", "database"},
    "dbapi": {BASE, "protocol", "engine", "database"},
    "sqlalchemy": {BASE, "engine", "database", "dbapi"},
    "notebook": {BASE, "engine", "database"},
    "extensions": {BASE, "engine", "linker", "aot"},
    "server": {BASE, "protocol", "engine"},
    "migrate": {BASE, "engine", "database"},
    "django": {BASE, "engine", "server"},
    "pytest_plugin": {BASE, "engine", "database", "server", "django"},
    "testing": {BASE, "database", "server", "pytest_plugin"},
    "cli": {BASE, "protocol", "engine", "database", "extensions", "server", "migrate"},
}
# Upwards, and only when it is asked for: an engine's address is a server's; an engine names the
# extensions that it wants; and what watches a database is asked for by a method of the database.
LATE = {
    ("engine/private_server.py", "server"),
    ("engine/engine.py", "extensions"),
    ("database/pglite.py", "changes"),
    ("database/asynchronous.py", "changes"),
    ("database/pglite.py", "live"),
    ("database/asynchronous.py", "live"),
}


def package_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else BASE


def modules(tree: ast.AST) -> Iterator[str]:
    """The modules of ours that a source imports, but for those that only its types need."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(NAME))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(NAME):
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from modules(node)


def imported(path: Path) -> set[str]:
    """The packages that a source imports, by name."""
    found = {module.split(".")[1] for module in modules(ast.parse(path.read_text()))}
    return {name if (PACKAGE / name).is_dir() else BASE for name in found}


SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if package_of(path) != BASE]


def test_every_package_is_a_known_layer_and_none_stands_below_itself() -> None:
    assert {package_of(path) for path in SOURCES} | {BASE} == set(BELOW)
    assert set(TopologicalSorter(BELOW).static_order()) == set(BELOW)  # raises at a circle


@pytest.mark.parametrize("package", BELOW)
def test_a_package_imports_only_what_stands_below(package: str) -> None:
    allowed = BELOW[package] | {package}
    violations = {
        (str(path.relative_to(PACKAGE)), name)
        for path in SOURCES
        if package_of(path) == package
        for name in imported(path) - allowed
    }
    assert violations - LATE == set()


def test_the_late_imports_are_there() -> None:
    for path, name in LATE:
        assert name in imported(PACKAGE / path)


def test_nothing_but_the_command_line_imports_it() -> None:
    assert not any("cli" in below for below in BELOW.values())
