"""What goes wrong while moving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pglite_native.errors import PGliteError

PERMISSION_DENIED = "42501"


class MoveError(PGliteError):
    """A database cannot be moved, and why; what is done already stays, to go on from."""


@contextmanager
def during(what: str, sql: str = "") -> Iterator[None]:
    """Say of a server's error during what it came, and at which line of a script.

    Raises:
        MoveError: in the place of the driver's error.
    """
    try:
        yield
    except psycopg.Error as error:
        diagnostic = error.diag
        reason = diagnostic.message_primary or str(error).strip()
        state = f"{diagnostic.sqlstate}: " if diagnostic.sqlstate else ""
        lines = [f"{what}: {state}{reason}"]
        if sql and diagnostic.statement_position:
            number = sql.count("\n", 0, int(diagnostic.statement_position) - 1)
            lines.append(f"LINE {number + 1} of the script: {sql.split(chr(10))[number].strip()}")
        for name, text in (
            ("DETAIL", diagnostic.message_detail),
            ("HINT", diagnostic.message_hint),
            ("CONTEXT", diagnostic.context),
        ):
            if text:
                lines.append(f"{name}: {text}")
        if diagnostic.sqlstate == PERMISSION_DENIED and "extension" in reason:
            lines.append(
                "If it is created there by a user who may, as a service's administrator or its own"
                " page, the same command continues"
            )
        raise MoveError("\n".join(lines)) from error
