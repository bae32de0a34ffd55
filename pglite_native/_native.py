"""The only import of the extension, and the only place where a status becomes an exception."""

from __future__ import annotations

from typing import Any

from pglite_native import errors
from pglite_native._engine import ffi, lib

__all__ = ["check", "ffi", "lib", "new_variable"]

# Names of csrc/base/status.h; whatever is not here is an EngineError.
_EXCEPTIONS: dict[str, type[errors.EngineError]] = {
    "BUSY": errors.EngineBusy,
    "CLOSED": errors.EngineClosed,
    "LOCKED": errors.EngineLocked,
    "NO_MEMORY": errors.EngineMemoryError,
    "FILES": errors.DataDirError,
    "IMAGE": errors.SnapshotError,
    "SNAPSHOT": errors.SnapshotError,
}


def check(status: int, error: Any, where: str = "") -> None:
    """Raise what `status` stands for; `error` is the pgn_error that came with it."""
    if status == 0:
        return
    name = ffi.string(lib.pgn_status_name(status)).decode()
    message = ffi.string(error.message).decode(errors="replace")
    if where:
        message = f"{where}: {message}"
    raise _EXCEPTIONS.get(name, errors.EngineError)(message)


_DROPS = {"pgn_image": lib.pgn_image_drop, "pgn_session": lib.pgn_drop}


def new_variable(kind: str) -> Any:
    """Make a variable of C's for a pointer; what a call puts there is freed with the variable.

    It is the owner from the start: an interrupt may come between the call and the next step.
    """
    return ffi.gc(ffi.new(f"{kind} **"), _DROPS[kind])
