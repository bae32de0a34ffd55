"""A real PostgreSQL inside the Python process: PGlite on an embedded wasm3.

>>> from pglite_native import Engine
>>> with Engine() as engine:
...     reply = engine.exec_protocol_raw(message)
"""

from __future__ import annotations

from pglite_native.engine import Engine, Stream
from pglite_native.errors import (
    EngineBusy,
    EngineClosed,
    EngineError,
    EngineLocked,
    EngineMemoryError,
    ExtensionError,
    PGliteError,
    SnapshotError,
)
from pglite_native.snapshot import Snapshot

__all__ = [
    "Engine",
    "EngineBusy",
    "EngineClosed",
    "EngineError",
    "EngineLocked",
    "EngineMemoryError",
    "ExtensionError",
    "PGliteError",
    "Snapshot",
    "SnapshotError",
    "Stream",
]
