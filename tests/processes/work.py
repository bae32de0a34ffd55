"""What the workers of pools do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pglite_native import PGlite


def one(snapshot: Path) -> None:
    """End with an exit status other than 0 unless a fork of the snapshot has its row."""
    with PGlite(image=snapshot) as db:
        if db.query("select n from t").rows != [{"n": 1}]:
            raise SystemExit("the row is not there")


def count(snapshot: Path) -> int:
    """Insert a row into a fork of one's own; return how many there are."""
    with PGlite(image=snapshot) as db:
        db.exec("insert into t values (2)")
        return len(db.query("select n from t").rows)


def reopen(directory: Path) -> list[dict[str, Any]]:
    """Open a data directory that the parent process has closed."""
    with PGlite(directory) as db:
        return db.query("select n from t").rows
