"""The exceptions of PEP 249, and which of them an error is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pglite_native import errors
from pglite_native.diagnostics import Diagnostic
from pglite_native.error_advice import Interface


class Warning(Exception):
    """Of PEP 249, and never raised: notices and warnings come in `Connection.notices`."""


class Error(Exception):
    """Base class of all errors.

    `diag` has the fields of PostgreSQL's own error (`sqlstate`, `message`, `constraint`, ...), and
    is None where the error is another: a session that cannot be used, say, whose EngineError is the
    `__cause__`.
    """

    diag: Diagnostic | None = None

    if not TYPE_CHECKING:  # to whom names that are wrong are errors already

        def __getattr__(self, name: str) -> NoReturn:
            from pglite_native import guesses  # only for those who have made a mistake

            raise guesses.unknown(self, name, guesses.OF_DBAPI_ERRORS)

    @property
    def sqlstate(self) -> str | None:
        """The five characters of PostgreSQL's appendix "Error Codes"."""
        return None if self.diag is None else self.diag.sqlstate


class InterfaceError(Error):
    """The connection or the cursor is closed."""


class DatabaseError(Error):
    """Something of the database's; its subclasses say what."""


class DataError(DatabaseError):
    """A value is not what it must be."""


class OperationalError(DatabaseError):
    """Not of the program's making: a deadlock, a limit, the end of the session."""


class IntegrityError(DatabaseError):
    """A constraint is violated."""


class InternalError(DatabaseError):
    """The transaction, or a cursor, is not in the state for it; or PostgreSQL has a defect."""


class ProgrammingError(DatabaseError):
    """The SQL is wrong, or names what is not there; or the call is."""


class NotSupportedError(DatabaseError):
    """PostgreSQL has no such thing."""


# By classes of SQLSTATE (PostgreSQL documentation, "PostgreSQL Error Codes"); as psycopg has them.
_CLASSES: dict[str, type[DatabaseError]] = {
    "08": OperationalError,  # connection
    "0A": NotSupportedError,
    "22": DataError,
    "23": IntegrityError,
    "24": InternalError,  # state of a cursor
    "25": InternalError,  # state of the transaction
    "27": OperationalError,  # what a trigger changed
    "28": OperationalError,  # authorization
    "2B": InternalError,  # privileges depend on it
    "2D": InternalError,  # end of a transaction
    "2F": OperationalError,  # routines
    "38": OperationalError,
    "39": OperationalError,
    "3B": OperationalError,  # savepoints
    "40": OperationalError,  # transaction rolled back
    "53": OperationalError,  # resources
    "54": OperationalError,  # limits
    "55": OperationalError,  # prerequisites
    "57": OperationalError,  # intervention
    "58": OperationalError,  # system
    "F0": OperationalError,  # configuration
    "HV": OperationalError,  # foreign data
    "XX": InternalError,
}


def raise_for(error: errors.PGliteError, interface: Interface | None = None) -> NoReturn:
    """Raise what PEP 249 has for an error of ours, with advice in the interface's words."""
    if not isinstance(error, errors.DatabaseError):
        raise OperationalError(str(error)) from error
    if interface is not None:
        error._interface = interface
    raised = _CLASSES.get(error.sqlstate[:2], ProgrammingError)(str(error))
    raised.diag = Diagnostic(error.fields)
    raise raised from None
