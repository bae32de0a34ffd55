"""The only import of the extension, and the only place where a status becomes an exception."""

from __future__ import annotations

from typing import Any

from pglite_native import errors
from pglite_native._closing import Owner
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

IN_A_CHILD = (
    ": open one after the fork, in the process that uses it; with gunicorn by"
    " `def post_fork(server, worker): app.db = PGlite(...)`"
)
FOR_SEVERAL = (
    "; close it there, or let one process serve it to all: `pglite-native serve --data-dir ...`"
)


def check(status: int, error: Any, where: str = "") -> None:
    """Raise what `status` stands for; `error` is the pgn_error that came with it."""
    if status == 0:
        return
    name = ffi.string(lib.pgn_status_name(status)).decode()
    message = ffi.string(error.message).decode(errors="replace")
    if where:
        message = f"{where}: {message}"
    if name == "FORKED":
        message += IN_A_CHILD
    elif name == "LOCKED" and "PostgreSQL server" not in message:
        message += FOR_SEVERAL
    elif "address space" in message:
        message += _address_space_limit()
    raise _EXCEPTIONS.get(name, errors.EngineError)(message)


def _address_space_limit() -> str:
    """Say what limits it, where the reason is not how much is open."""
    import resource  # only here, and not everywhere

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return ""
    return (
        f"; `ulimit -v` is {limit // 1024} here, and an engine takes 5 GiB of addresses, or 1 GiB"
        ' by tier="wasm3", which is not memory: `ulimit -v unlimited`'
    )


_DROPS = {
    "pgn_image": "pgn_image_drop",
    "pgn_program": "pgn_program_drop",
    "pgn_session": "pgn_drop",
}


def new_variable(kind: str) -> Owner:
    """Make a variable of C's for a pointer; what a call puts there is freed with its owner.

    It is owned from the start: an interrupt may come between the call and the next step.
    """
    variable = ffi.new(f"{kind} **")
    return Owner(variable, _address(variable), _address(ffi.addressof(lib, _DROPS[kind])))


def _address(pointer: Any) -> int:
    return int(ffi.cast("intptr_t", pointer))
