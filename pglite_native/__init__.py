"""A real PostgreSQL inside the Python process: PGlite on an embedded wasm3.

>>> from pglite_native import PGlite
>>> with PGlite() as db:
...     db.query("select $1::int + 1 as sum", [41]).rows
[{'sum': 42}]

`Engine` is what is below it: messages of the wire protocol in, messages out.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any
from zipimport import zipimporter

_loader = None if __spec__ is None else __spec__.loader
if isinstance(_loader, zipimporter):
    raise ImportError(
        f"pglite_native cannot be used from a zip file ({_loader.archive}): its extension modules"
        " and data must be files. Make the archive by shiv, which unpacks it, and not by zipapp:"
        " docs/PACKAGING.md"
    )

if TYPE_CHECKING:
    from pglite_native.changes.asynchronous import AsyncChanges
    from pglite_native.changes.change import Change, CommittedTransaction
    from pglite_native.changes.iterating import Changes
    from pglite_native.changes.messages import UNCHANGED
    from pglite_native.database.asynchronous import AsyncPGlite, AsyncTransaction
    from pglite_native.database.pglite import PGlite
    from pglite_native.database.quoting import identifier
    from pglite_native.database.results import Description, Field, Results
    from pglite_native.database.transaction import Transaction
    from pglite_native.database.values import Interval, Range
    from pglite_native.diagnostics import Diagnostic, Notice
    from pglite_native.engine.engine import Engine
    from pglite_native.engine.session import Session, Stream
    from pglite_native.engine.snapshot import Snapshot
    from pglite_native.errors import (
        DatabaseError,
        DataDirError,
        DumpError,
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
    from pglite_native.live.asynchronous import (
        AsyncLiveChanges,
        AsyncLiveIncrementalQuery,
        AsyncLiveQuery,
    )
    from pglite_native.live.query import (
        LiveChanges,
        LiveIncrementalQuery,
        LiveQuery,
        WindowResults,
    )
    from pglite_native.live.rows import LiveChange
    from pglite_native.server.server import Server

    __version__: str

__all__ = [
    "UNCHANGED",
    "AsyncChanges",
    "AsyncLiveChanges",
    "AsyncLiveIncrementalQuery",
    "AsyncLiveQuery",
    "AsyncPGlite",
    "AsyncTransaction",
    "Change",
    "Changes",
    "CommittedTransaction",
    "DataDirError",
    "DatabaseError",
    "Description",
    "Diagnostic",
    "DumpError",
    "Engine",
    "EngineBusy",
    "EngineClosed",
    "EngineError",
    "EngineLocked",
    "EngineMemoryError",
    "ExtensionError",
    "Field",
    "Interval",
    "LiveChange",
    "LiveChanges",
    "LiveIncrementalQuery",
    "LiveQuery",
    "Notice",
    "PGlite",
    "PGliteError",
    "Range",
    "Results",
    "Server",
    "Session",
    "Snapshot",
    "SnapshotError",
    "Stream",
    "Transaction",
    "TransactionError",
    "WindowResults",
    "identifier",
]

# Imported when asked for: an engine starts sooner than the rest is read, asyncio above all; and
# pytest imports the package for its plugin in every run, whether or not a test wants a database.
_MODULES = {
    "changes.asynchronous": ("AsyncChanges",),
    "changes.change": ("Change", "CommittedTransaction"),
    "changes.iterating": ("Changes",),
    "changes.messages": ("UNCHANGED",),
    "database.asynchronous": ("AsyncPGlite", "AsyncTransaction"),
    "database.pglite": ("PGlite",),
    "database.quoting": ("identifier",),
    "database.results": ("Description", "Field", "Results"),
    "database.transaction": ("Transaction",),
    "database.values": ("Interval", "Range"),
    "diagnostics": ("Diagnostic", "Notice"),
    "engine.engine": ("Engine",),
    "engine.session": ("Session", "Stream"),
    "engine.snapshot": ("Snapshot",),
    "errors": (
        "DataDirError",
        "DatabaseError",
        "DumpError",
        "EngineBusy",
        "EngineClosed",
        "EngineError",
        "EngineLocked",
        "EngineMemoryError",
        "ExtensionError",
        "PGliteError",
        "SnapshotError",
        "TransactionError",
    ),
    "live.asynchronous": ("AsyncLiveChanges", "AsyncLiveIncrementalQuery", "AsyncLiveQuery"),
    "live.query": ("LiveChanges", "LiveIncrementalQuery", "LiveQuery", "WindowResults"),
    "live.rows": ("LiveChange",),
    "server.server": ("Server",),
    "notebook": ("load_ipython_extension", "unload_ipython_extension"),  # for %load_ext
}

# Names that users of other tools guess.
_CLASS = "PostgreSQL's errors are DatabaseError, by its sqlstate; pglite_native.dbapi has classes"
_GUESSES = {
    "connect": "PGlite() opens a database, pglite_native.dbapi.connect() with cursors",
    **dict.fromkeys(("create_engine", "create_async_engine"), "pglite_native.sqlalchemy has it"),
    **dict.fromkeys(("IntegrityError", "ProgrammingError", "OperationalError"), _CLASS),
    **dict.fromkeys(("Error", "UniqueViolation", "UniqueViolationError"), _CLASS),
    **dict.fromkeys(("create_pool", "Pool", "ConnectionPool"), "connect() of a PGlite is as good"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # The distribution's, which alone has it.
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("pglite-native")
        except PackageNotFoundError:
            reason = f"{__name__} is a source tree that is not installed, and has no {name}"
            raise AttributeError(reason) from None
    if name not in _PLACES:
        advice = f": {_GUESSES[name]}" if name in _GUESSES else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{advice}")
    value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value  # the next time it is simply there
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
