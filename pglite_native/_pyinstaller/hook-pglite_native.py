"""What a program has to be packed with that imports pglite_native."""

from __future__ import annotations

from pathlib import Path

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, get_package_paths

# For pytest, and for building: they import what no program has.
NOT_FOR_PROGRAMS = (
    "pglite_native.__main__",
    "pglite_native._pyinstaller",
    "pglite_native.notebook",
    "pglite_native.pytest_plugin",
    "pglite_native.testing",
)
# What brings drivers and more, if they are there; a program that wants one imports it by name.
OPTIONAL = (
    "pglite_native.cli",
    "pglite_native.django",
    "pglite_native.migrate",
    "pglite_native.sqlalchemy",
)

RESOURCES = "resources"
_folder = Path(get_package_paths("pglite_native")[1], RESOURCES)
datas = [
    *collect_data_files("pglite_native", subdir=RESOURCES),
    # The compiled guest: a file to be opened, no library of the program's.
    *((str(library), f"pglite_native/{RESOURCES}") for library in _folder.glob("*.so")),
]
hiddenimports = [
    "_cffi_backend",  # imported by C
    *collect_submodules(
        "pglite_native",
        filter=lambda name: not name.startswith((*NOT_FOR_PROGRAMS, *OPTIONAL)),
    ),
]
