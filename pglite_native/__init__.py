"""A real PostgreSQL inside the Python process: PGlite on an embedded wasm3.

>>> from pglite_native import PGlite
>>> with PGlite() as db:
...     db.query("select $1::int + 1 as sum", [41]).rows
[{'sum': 42}]

`Engine` is what is below it: messages of the wire protocol in, messages out.
"""

from __future__ import annotations

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

__all__ = [
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
