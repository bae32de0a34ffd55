"""How a transaction begins: its isolation level, and whether it only reads.

Reference: PostgreSQL documentation, "SET TRANSACTION".
"""

from __future__ import annotations

from functools import cache

MODES = ("isolation_level", "read_only", "deferrable")
ISOLATION_LEVELS = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


@cache
def modes(isolation_level: str | None, read_only: bool | None, deferrable: bool | None) -> str:
    """Return what follows BEGIN; None is for the session's default.

    Raises:
        ValueError: there is no such isolation level.
    """
    found = []
    if isolation_level is not None:
        level = isolation_level.upper().replace("_", " ")
        if level not in ISOLATION_LEVELS:
            raise ValueError(
                f"isolation_level must be one of {', '.join(ISOLATION_LEVELS)}, or None:"
                f" {isolation_level!r}"
            )
        found.append(f"isolation level {level}")
    if read_only is not None:
        found.append("read only" if read_only else "read write")
    if deferrable is not None:
        found.append("deferrable" if deferrable else "not deferrable")
    return ", ".join(found)
