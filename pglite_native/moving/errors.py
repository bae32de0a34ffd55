"""What goes wrong while moving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pglite_native.errors import PGliteError


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
        lines = [
            f"{what}: {diagnostic.sqlstate}: {reason}"
            if diagnostic.sqlstate
            else f"{what}: {reason}"
        ]
        if sql and diagnostic.statement_position:
            before = sql[: int(diagnostic.statement_position) - 1]
            number = before.count("\n")
            lines.append(f"LINE {number + 1} of the script: {sql.splitlines()[number].strip()}")
        for name, text in (
            ("DETAIL", diagnostic.message_detail),
            ("HINT", diagnostic.message_hint),
            ("CONTEXT", diagnostic.context),
        ):
            if text:
                lines.append(f"{name}: {text}")
        raise MoveError("\n".join(lines)) from error
