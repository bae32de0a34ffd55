"""A real PostgreSQL inside the Python process: PGlite on an embedded wasm3.

>>> from pglite_native import PGlite
>>> with PGlite() as db:
...     db.query("select $1::int + 1 as sum", [41]).rows
[{'sum': 42}]

`Engine` is what is below it: messages of the wire protocol in, messages out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pglite_native.diagnostics import Diagnostic, Notice
from pglite_native.engine import Engine, Stream
from pglite_native.errors import (
    DatabaseError,
    EngineBusy,
    EngineClosed,
    EngineError,
    EngineLocked,
    EngineMemoryError,
    ExtensionError,
    PGliteError,
    SnapshotError,
    TransactionError,
)
from pglite_native.pglite import PGlite
from pglite_native.results import Description, Field, Results
from pglite_native.snapshot import Snapshot
from pglite_native.transaction import Transaction
from pglite_native.values import Interval, Range

if TYPE_CHECKING:
    from pglite_native.asynchronous import AsyncPGlite, AsyncTransaction

__all__ = [
    "AsyncPGlite",
    "AsyncTransaction",
    "DatabaseError",
    "Description",
    "Diagnostic",
    "Engine",
    "EngineBusy",
    "EngineClosed",
    "EngineError",
    "EngineLocked",
    "EngineMemoryError",
    "ExtensionError",
    "Field",
    "Interval",
    "Notice",
    "PGlite",
    "PGliteError",
    "Range",
    "Results",
    "Snapshot",
    "SnapshotError",
    "Stream",
    "Transaction",
    "TransactionError",
]


def __getattr__(name: str) -> Any:
    """Import what needs asyncio when it is asked for: that takes longer than all the rest."""
    if name not in ("AsyncPGlite", "AsyncTransaction"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pglite_native import asynchronous

    return getattr(asynchronous, name)
