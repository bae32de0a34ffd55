"""What goes wrong, by what the caller can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from pglite_native.diagnostics import Diagnostic
from pglite_native.error_advice import PGLITE, Interface, advice


class PGliteError(Exception):
    """Base class of every error this package raises on its own."""


class EngineError(PGliteError):
    """The engine cannot do it: it did not start, has failed, or was asked for the impossible.

    The message says what happened and carries PostgreSQL's last log lines where they help.
    An engine that has failed raises this until it is closed; other engines go on.
    """


class EngineBusy(EngineError):
    """The session is in use: by another thread, or by a stream that is still open."""


class EngineClosed(EngineError):
    """The session was closed, or its cluster, or it has ended (Terminate, pg_terminate_backend)."""


class EngineLocked(EngineError):
    """The data directory is in use by another engine or server."""


class EngineMemoryError(EngineError, MemoryError):
    """The host has no memory or address space for what was asked."""


class SnapshotError(EngineError):
    """A snapshot cannot be taken or restored now, or a file is not a snapshot to be used here."""


class DataDirError(EngineError):
    """A tarball cannot be loaded: it is damaged, or not one of a data directory.

    Nothing is left of it.
    """


class DumpError(EngineError):
    """pg_dump cannot dump the database; the message is what it says."""


class ExtensionError(PGliteError):
    """An extension cannot be added or removed; nothing has changed."""


class DatabaseError(Diagnostic, PGliteError):
    """PostgreSQL's own error: the statement failed, and the session can be used.

    Attributes: those of Diagnostic (`sqlstate`, `constraint`, ...), and `query`, the SQL. Where it
    stands in a file that was run, `script` is the file's name and `script_line` the line in it.
    """

    script: str | None = None
    script_line: int | None = None

    _interface: Interface = PGLITE
    """Of the caller's, in whose words the error gives advice."""

    def __init__(self, fields: Mapping[str, str], query: str, completed: int = 0) -> None:
        Diagnostic.__init__(self, fields)
        # As arguments of the exception they also survive pickling, as between test processes.
        PGliteError.__init__(self, fields, query)
        self.query = query
        self._completed = completed
        """How many statements of the query have been carried out before."""

    def __str__(self) -> str:
        place = "" if self.script is None else f"{self.script}: "
        if self.script_line is not None:
            place = f"{self.script}:{self.script_line}: "
        lines = [f"{place}{self.sqlstate}: {self.message}"]
        if self.position and self.query:
            lines += _excerpt(self.query, self.position)
        elif self.internal_position and self.internal_query:
            lines += _excerpt(self.internal_query, self.internal_position)
        lines += [f"DETAIL: {self.detail}"] if self.detail else []
        hint = advice(self.fields, self.query, self._interface) or self.hint
        lines += [f"HINT: {hint}"] if hint else []
        lines += [f"QUERY: {self.internal_query}"] if self.internal_query else []
        lines += [f"CONTEXT: {_counted(self.where)}"] if self.where else []
        return "\n".join(lines)


def _excerpt(sql: str, position: int) -> list[str]:
    # Only for errors that are shown; engine/session.py has it imported before a fork.
    from pglite_native.error_excerpt import excerpt

    return list(excerpt(sql, position))


def _counted(context: str) -> str:
    """A context with its lines counted where they repeat themselves, as recursion has them."""
    lines = ((line, len(list(same))) for line, same in groupby(context.splitlines()))
    return "\n".join(line if n == 1 else f"{line} ({n} times)" for line, n in lines)


class TransactionError(PGliteError):
    """A transaction is used that is over, or did not end as its block wanted it to."""
